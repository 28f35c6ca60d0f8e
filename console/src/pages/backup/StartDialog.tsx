import { useQuery } from "@tanstack/react-query";
import { planBackup, startBackup } from "../../api/streams";
import { useText } from "../../i18n/text";
import { Confirm } from "../../kit/Confirm";
import { errorText } from "../../kit/errorText";

/** Begins a back-up, after the node has told how much is new. */
export function StartDialog({ onClose }: { onClose: () => void }) {
  const text = useText();
  const { t, bytes, count } = text;
  const plan = useQuery({ queryKey: ["/backup", "plan"], queryFn: async ({ signal }) => (await planBackup(signal)) ?? null, retry: false, gcTime: 0, staleTime: Infinity });
  const p = plan.data;
  return (
    <Confirm title={t("backup.title")} verb={t("backup.start")} disabled={plan.isPending} act={startBackup} onClose={onClose}>
      <p className="t12 mut2" role="status">
        {plan.error
          ? errorText(plan.error, text)
          : p
            ? t("backup.plan", { bytes: bytes(p.bytes), written: bytes(p.written), n: p.entries, count: count(p.entries) })
            : t("purge.counting")}
      </p>
      <p className="t12 mut2">{t("backup.what")}</p>
    </Confirm>
  );
}
