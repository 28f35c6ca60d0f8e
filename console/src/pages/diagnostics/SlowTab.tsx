import { useQuery } from "@tanstack/react-query";
import { useDated } from "../../api/fresh";
import { changed, type SlowSubscriber, whole } from "../../api/broker";
import { send } from "../../api/client";
import { useMay } from "../../api/may";
import { useStatus } from "../../api/queries";
import { useText } from "../../i18n/text";
import { Button } from "../../kit/Button";
import { errorText } from "../../kit/errorText";
import { Link } from "../../kit/Link";
import { Panel } from "../../kit/Panel";
import { Failure, Skeleton, StaleBar } from "../../kit/states";
import { Table } from "../../kit/Table";
import { toast } from "../../kit/toast";
import { address } from "../../router";

/** The clients that take their messages late, the slowest first. */
export function SlowTab() {
  const text = useText();
  const { t, count, millis, age } = text;
  const asked = useQuery(whole<SlowSubscriber>("/slow-subscribers"));
  const { data, error, refetch } = asked;
  const { fresh, since } = useDated(asked);
  const now = Date.now() + (useStatus().data?.offset ?? 0);
  const may = useMay("operator");
  const clear = () =>
    send("DELETE", "/slow-subscribers")
      .then(() => changed("/slow-subscribers"))
      .catch((problem: unknown) => toast(errorText(problem, text), true));
  if (error && !data) return <Failure error={error} retry={() => void refetch()} />;
  if (!data) return <Skeleton />;
  return (
    <>
    {!fresh && <StaleBar since={since} retry={() => void refetch()} />}
    <Panel
      ruled
      className={fresh ? "" : "stale"}
      title={t("slow.title")}
      tag={<span className="tag">{data.items.length}</span>}
      aside={
        may &&
        data.items.length > 0 && (
          <Button small kind="ghost" onPress={() => void clear()}>
            {t("slow.clear")}
          </Button>
        )
      }
    >
      <Table
        label={t("slow.title")}
        none={t("slow.none")}
        rows={data.items}
        keyOf={(s) => `${s.client}\n${s.topic}`}
        columns={[
          {
            id: "client",
            header: t("clients.id"),
            cell: (s) => (
              <Link className="lnk" to={address("/client", { id: s.client })}>
                {s.client}
              </Link>
            ),
          },
          { id: "topic", header: t("topics.topic"), cell: (s) => s.topic || <span className="mut">{t("clients.unknown")}</span> },
          { id: "latency", header: t("slow.latency"), end: true, cell: (s) => millis(s.latency) },
          { id: "count", header: t("slow.count"), end: true, cell: (s) => count(s.count) },
          { id: "at", header: t("refused.last"), end: true, cell: (s) => age(Date.parse(s.at), now) },
        ]}
      />
      <p className="pad t11 mut">{t("slow.what")}</p>
    </Panel>
    </>
  );
}
