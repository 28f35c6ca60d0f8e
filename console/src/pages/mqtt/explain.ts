import type { Text } from "../../i18n/text";
import { Refused } from "./session";

// CONNACK reason codes that people meet, of MQTT 5 and of 3.1.1.
const known = [1, 2, 3, 4, 5, 133, 134, 135, 136, 137, 138, 140, 149, 151, 156, 157, 159] as const;
type Known = (typeof known)[number];

/** Why a connection failed, in words. */
export function explain(error: unknown, { t }: Text): string {
  if (!(error instanceof Refused)) return error instanceof Error ? error.message : String(error);
  return ofCode(error.code, t) ?? t("ws.error.unreachable");
}

/** Words for a reason code; undefined for none. */
export function ofCode(code: number, t: Text["t"]): string | undefined {
  const one = known.find((n): n is Known => n === code);
  if (one) return t("ws.error.refused", { what: t(`ws.code.${one}`), code: hex(code) });
  return typeof code === "number" && code > 0 ? t("ws.error.refused", { what: t("ws.code.other"), code: hex(code) }) : undefined;
}

const hex = (code: number) => `0x${code.toString(16).toUpperCase().padStart(2, "0")}`;
