// One way to the node: JSON over fetch, the session's CSRF token on every request
// that changes something, and RFC 9457 problem documents as errors.

const base = "/api/v1";
let csrf = "";
let signedOut: () => void = () => {};

/** What failed, as the node tells it. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail: string,
    /** What a user quotes, such as MR-4216; empty when no node answered. */
    readonly code: string,
    readonly request: string,
    /** The word that metrics and logs use, such as not_found; it leads to the title in other languages. */
    readonly reason = "",
  ) {
    super(detail || title);
  }

  /** True when nobody answered: the network or the node is down. */
  get unreachable(): boolean {
    return this.status === 0;
  }
}

export function setToken(token: string | undefined) {
  csrf = token ?? "";
}

/** Calls f whenever the node says that the session has ended. */
export function onSignedOut(f: () => void) {
  signedOut = f;
}

export type Query = Record<string, string | number | readonly string[] | undefined>;

export function url(path: string, query: Query = {}): string {
  const text = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === "") continue;
    for (const one of Array.isArray(value) ? value : [value]) text.append(name, String(one));
  }
  return text.size > 0 ? `${base}${path}?${text}` : base + path;
}

export const get = <T>(path: string, query?: Query, signal?: AbortSignal): Promise<T> =>
  call<T>("GET", url(path, query), undefined, signal);

export const send = <T>(method: "POST" | "PUT" | "PATCH" | "DELETE", path: string, body?: unknown, signal?: AbortSignal): Promise<T> =>
  call<T>(method, url(path), body, signal);

async function call<T>(method: string, to: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  const headers: Record<string, string> = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (method !== "GET" && csrf) headers["X-CSRF-Token"] = csrf;
  let answer: Response;
  try {
    answer = await fetch(to, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      signal,
      credentials: "same-origin",
    });
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw new Problem(0, "", "", "", "");
  }
  if (!answer.ok) throw await problem(answer, to);
  if (answer.status === 204) return undefined as T;
  return (await answer.json()) as T;
}

async function problem(answer: Response, to: string): Promise<Problem> {
  if (answer.status === 401 && !to.startsWith(`${base}/session`)) signedOut();
  const document: unknown = await answer.json().catch(() => ({}));
  const text = (name: string): string => {
    const value = (document as Record<string, unknown> | null)?.[name];
    return typeof value === "string" ? value : "";
  };
  const title = text("title") || answer.statusText;
  return new Problem(answer.status, title, text("detail"), text("code"), text("requestId"), text("reason"));
}
