/** A payload as text where it is text, else as base64; the head of a longer one may end within a letter. */
export function decoded(payload: Uint8Array, head = false): { payload: string; encoding: "text" | "base64" } {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(payload, { stream: head });
    return { payload: text, encoding: "text" };
  } catch {
    let bytes = "";
    for (const one of payload) bytes += String.fromCharCode(one);
    return { payload: btoa(bytes), encoding: "base64" };
  }
}
