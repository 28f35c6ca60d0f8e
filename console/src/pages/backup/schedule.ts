import type { Text } from "../../i18n/text";

const off = (value: string | undefined): boolean => value === undefined || /^0?s?$/.test(value);

/** When back-ups are made, of the settings at and every. */
export function scheduleText(settings: Record<string, string>, { t }: Text): string {
  const { at, every } = settings;
  if (!settings["folder"] || (!at && off(every))) return t("backup.when.hand");
  return [at && t("backup.when.at", { at }), !off(every) && t("backup.when.every", { every: every ?? "" })].filter(Boolean).join(", ");
}

/** A path as a shell takes it. */
export const quoted = (path: string): string => (/^[\w./@:+-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`);
