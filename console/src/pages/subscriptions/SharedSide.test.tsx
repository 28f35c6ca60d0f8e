// @vitest-environment happy-dom
import { act } from "react";
import { afterEach, expect, it, vi } from "vitest";
import type { Shared } from "../../api/broker";
import { mount } from "../../kit/mount";
import { SharedSide } from "./SharedSide";

afterEach(() => vi.unstubAllGlobals());

const group = (share: string) => ({ share, filter: "jobs/#", strategy: "round_robin", members: 1, connected: 1, lasting: true, waiting: 1, waitingBytes: 1, unacknowledged: 0, lost: 0, dropped: 0, droppedBy: [] }) as Shared;
const side = (share: string) => <SharedSide group={group(share)} now={0} onClose={() => undefined} />;

it("never shows the members of one group as those of another, and counts one message", async () => {
  const answers: ((client: string) => Promise<void>)[] = [];
  vi.stubGlobal("fetch", (to: string) =>
    to.includes("/status")
      ? new Promise(() => undefined)
      : new Promise((resolve) =>
          answers.push((client) => act(async () => resolve(new Response(JSON.stringify({ items: [{ client, qos: 1, connected: true, inFlight: 2, queued: 0 }], meta: { count: 1 } }))))),
        ),
  );
  const { host, render, close } = await mount(side("a"));
  await answers[0]?.("worker-a");
  await vi.waitFor(() => expect(host.textContent).toContain("worker-a"));
  await render(side("b"));
  expect(host.textContent).not.toContain("worker-a");
  await answers[1]?.("worker-b");
  await vi.waitFor(() => expect(host.textContent).toContain("worker-b"));
  expect(host.textContent).toContain("2 in flight, 0 queued");
  await render(<SharedSide group={{ ...group("b"), connected: 0 }} now={0} onClose={() => undefined} />);
  expect(host.textContent).toContain("1 message waits in the log until one comes.");
  await close();
});
