import { Tab, TabList, TabPanel, Tabs } from "react-aria-components";
import { useMay } from "../../api/may";
import { useText } from "../../i18n/text";
import { setQuery, usePlace } from "../../router";
import { SlowTab } from "./SlowTab";
import { TopicMetricsTab } from "./TopicMetricsTab";
import { TracesTab } from "./TracesTab";

/** Three ways to look closer: who is slow, what a topic carries, what a client says. */
export default function Diagnostics() {
  const { t } = useText();
  const { query } = usePlace();
  const may = useMay("operator");
  return (
    <>
      <div className="pgh">
        <h1>{t("nav.diagnostics")}</h1>
        <span className="mut t12 el hid">{t("diag.lead")}</span>
      </div>
      <Tabs
        className="full"
        selectedKey={query.get("tab") ?? "slow"}
        onSelectionChange={(tab) => setQuery({ tab: tab === "slow" ? null : String(tab) })}
      >
        <TabList className="tabs" aria-label={t("nav.diagnostics")}>
          <Tab id="slow">{t("slow.title")}</Tab>
          <Tab id="topics">{t("metrics.title")}</Tab>
          {may && <Tab id="traces">{t("trace.title")}</Tab>}
        </TabList>
        <TabPanel id="slow" className="body">
          <SlowTab />
        </TabPanel>
        <TabPanel id="topics" className="body">
          <TopicMetricsTab />
        </TabPanel>
        {may && (
          <TabPanel id="traces" className="body">
            <TracesTab />
          </TabPanel>
        )}
      </Tabs>
    </>
  );
}
