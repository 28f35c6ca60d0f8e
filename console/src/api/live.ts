// Messages as they pass, over server-sent events. A hidden page closes its stream:
// a browser allows only six connections to one host.
import { url } from "./client";
import type { LiveMessage } from "./types";

export interface LiveReader {
  message: (m: LiveMessage) => void;
  /** Messages this reader missed because it was too slow. */
  dropped?: (count: number) => void;
  /** Whether the stream is open. */
  open?: (open: boolean) => void;
}

const retry = 2_000;

/** Reads up to twenty topic filters until the function returned is called. */
export function watchLive(filters: readonly string[], every: string, reader: LiveReader): () => void {
  let source: EventSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const close = () => {
    clearTimeout(timer);
    source?.close();
    source = undefined;
  };
  const open = () => {
    close();
    source = new EventSource(url("/live", { filter: filters, every }));
    source.addEventListener("open", () => reader.open?.(true));
    source.addEventListener("message", (event) => take(event, reader));
    source.addEventListener("dropped", (event) => takeDropped(event, reader));
    source.addEventListener("error", () => {
      reader.open?.(false);
      if (source?.readyState === EventSource.CLOSED) timer = setTimeout(open, retry);
    });
  };
  const visible = () => (document.hidden ? close() : open());

  document.addEventListener("visibilitychange", visible);
  if (!document.hidden) open();
  return () => {
    document.removeEventListener("visibilitychange", visible);
    close();
  };
}

function take(event: MessageEvent<string>, reader: LiveReader) {
  if (event.data) reader.message(JSON.parse(event.data) as LiveMessage);
}

function takeDropped(event: MessageEvent<string>, reader: LiveReader) {
  if (event.data) reader.dropped?.((JSON.parse(event.data) as { dropped: number }).dropped);
}
