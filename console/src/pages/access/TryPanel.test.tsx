// @vitest-environment happy-dom
import { act } from "react";
import { afterEach, expect, it, vi } from "vitest";
import { mount } from "../../kit/mount";
import { TryPanel } from "./TryPanel";

afterEach(() => vi.unstubAllGlobals());

it("shows no answer to a question that was changed since", async () => {
  const answers: ((allowed: boolean) => void)[] = [];
  vi.stubGlobal(
    "fetch",
    () => new Promise((resolve) => answers.push((allowed) => resolve(new Response(JSON.stringify({ allowed, why: allowed ? "yes it may" : "no it may not" }))))),
  );
  const { host, close } = await mount(<TryPanel users={[]} />);
  const field = [...host.querySelectorAll("label")].find((label) => label.textContent === "Topic")?.parentElement?.querySelector("input");
  const write = (text: string) =>
    act(async () => {
      Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value")?.set?.call(field, text);
      field?.dispatchEvent(new Event("input", { bubbles: true }));
    });
  const ask = () => act(async () => host.querySelector("form")?.dispatchEvent(new Event("submit", { bubbles: true, cancelable: true })));
  await write("plant/a");
  await ask();
  await write("plant/b");
  await act(async () => answers[0]?.(true));
  expect(host.textContent).not.toContain("it may");
  await ask();
  await ask();
  await act(async () => answers[2]?.(false));
  await act(async () => answers[1]?.(true));
  expect(host.textContent).toContain("no it may not");
  await close();
});
