import { Problem } from "../api/client";
import type { Text } from "../i18n/text";

/** What failed in one sentence, with the code to quote. */
export function errorText(error: unknown, { t, fault, language }: Text): string {
  if (!(error instanceof Problem)) return error instanceof Error ? error.message : String(error);
  if (error.unreachable) return t("state.unreachable");
  if (language !== "en" && error.reason) return `${fault(error.reason, error.title)} (${error.code}). ${error.detail}`.trim();
  return error.code ? `${error.message} (${error.code})` : error.message;
}
