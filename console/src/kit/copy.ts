import { toast } from "./toast";

/** Copies text, also where a plain-HTTP page has no clipboard of its own. */
export async function copyText(text: string, done: string): Promise<void> {
  if (navigator.clipboard) await navigator.clipboard.writeText(text);
  else copyBySelection(text);
  toast(done);
}

function copyBySelection(text: string) {
  const area = document.createElement("textarea");
  area.value = text;
  area.style.position = "fixed";
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}
