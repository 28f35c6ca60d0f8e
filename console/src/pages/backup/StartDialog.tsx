import { useQuery } from "@tanstack/react-query";
import { planBackup, startBackup } from "../../api/streams";
import { useText } from "../../i18n/text";
import { Confirm } from "../../kit/Confirm";
import { errorText } from "../../kit/errorText";

interface Props {
  /** How many bytes it will write, where the node could tell. */
  onBegun: (bytes: number | undefined) => void;
  onClose: () => void;
}

/** Begins a back-up, after the node has told how much is new. */
export function StartDialog({ onBegun, onClose }: Props) {
  const text = useText();
  const { t, bytes, count } = text;
  const plan = useQuery({ queryKey: ["/backup", "plan"], queryFn: async ({ signal }) => (await planBackup(signal)) ?? null, retry: false, gcTime: 0, staleTime: Infinity });
  const p = plan.data;
  const act = async () => {
    await startBackup();
    onBegun(p?.written);
  };
  return (
    <Confirm title={t("backup.title")} verb={t("backup.start")} disabled={plan.isPending} act={act} onClose={onClose}>
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
