// For tests: a component in a page of its own, with what every page has around it.
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, type ReactNode } from "react";
import { createRoot } from "react-dom/client";

/** Renders it; close takes it away. */
export async function mount(node: ReactNode) {
  Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true });
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  const host = document.body.appendChild(document.createElement("div"));
  const root = createRoot(host);
  const render = (next: ReactNode) => act(async () => root.render(<QueryClientProvider client={client}>{next}</QueryClientProvider>));
  await render(node);
  const close = async () => {
    await act(async () => root.unmount());
    client.clear();
    host.remove();
  };
  return { host, render, close };
}
