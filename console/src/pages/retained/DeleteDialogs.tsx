import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useDeferredValue, useState } from "react";
import { deleteRetained } from "../../api/broker";
import { useText } from "../../i18n/text";
import { Confirm } from "../../kit/Confirm";
import { errorText } from "../../kit/errorText";
import { Field } from "../../kit/Field";
import { toast } from "../../kit/toast";

interface Props {
  onDone: () => void;
  onClose: () => void;
}

export function DeleteOne({ topic, onDone, onClose }: Props & { topic: string }) {
  const { t } = useText();
  const act = async () => {
    await deleteRetained({ topic });
    toast(t("retained.deleted", { n: 1, count: 1 }));
    onDone();
  };
  return (
    <Confirm
      danger
      title={t("retained.delete", { topic })}
      verb={t("retained.delete.verb")}
      keep={t("retained.keep")}
      act={act}
      onClose={onClose}
    >
      <p className="t12 mut2">{t("retained.delete.what")}</p>
    </Confirm>
  );
}

/** Deletes all that a filter matches; the button says how many that are. */
export function DeleteByFilter({ first, onDone, onClose }: Props & { first: string }) {
  const text = useText();
  const { t, count } = text;
  const [filter, setFilter] = useState(first);
  const asked = useDeferredValue(filter.trim());
  const dry = useQuery({
    queryKey: ["/retained", "dry", asked],
    queryFn: () => deleteRetained({ filter: asked }, true),
    enabled: asked !== "",
    retry: false,
    placeholderData: keepPreviousData,
  });
  const n = asked === "" || dry.error ? 0 : (dry.data ?? 0);
  const settled = asked === filter.trim() && !dry.isFetching;
  const act = async () => {
    const deleted = await deleteRetained({ filter: asked });
    toast(t("retained.deleted", { n: deleted, count: count(deleted) }));
    onDone();
  };
  return (
    <Confirm
      danger
      title={t("retained.deleteFilter")}
      verb={t("retained.deleteFilter.verb", { n, count: count(n) })}
      keep={t("retained.keep")}
      disabled={n === 0 || !settled}
      act={act}
      onClose={onClose}
    >
      <Field label={t("subs.filter")} value={filter} onChange={setFilter} />
      <p className="t12 mut2" role="status">
        {asked === ""
          ? t("retained.deleteFilter.what")
          : dry.error
            ? errorText(dry.error, text)
            : t("retained.deleteFilter.count", { n, count: count(n) })}
      </p>
    </Confirm>
  );
}
