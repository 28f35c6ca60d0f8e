import { toast } from "./toast";

/** Copies text, also where a plain-HTTP page has no clipboard of its own, or may not use it. */
export async function copyText(text: string, done: string): Promise<void> {
  const copied = navigator.clipboard?.writeText(text);
  await (copied ?? Promise.reject(new Error("no clipboard"))).catch(() => copyBySelection(text));
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
