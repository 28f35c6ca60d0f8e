import { Tab, TabList, TabPanel, Tabs } from "react-aria-components";
import { useText } from "../../i18n/text";
import { address, go, usePlace } from "../../router";
import { AllTab } from "./AllTab";
import { SharedTab } from "./SharedTab";

/** Who is subscribed to what, and the groups that share. */
export default function Subscriptions() {
  const { t } = useText();
  const { path, query } = usePlace();
  return (
    <>
      <div className="pgh">
        <h1>{t("nav.subscriptions")}</h1>
        <span className="mut t12 el hid">{t("subs.lead")}</span>
      </div>
      <Tabs
        className="full"
        selectedKey={query.get("tab") ?? "all"}
        // Each list has filters and an order of its own.
        onSelectionChange={(tab) => go(address(path, tab === "all" ? {} : { tab: String(tab) }), true)}
      >
        <TabList className="tabs" aria-label={t("nav.subscriptions")}>
          <Tab id="all">{t("subs.tab.all")}</Tab>
          <Tab id="shared">{t("subs.tab.shared")}</Tab>
        </TabList>
        <TabPanel id="all" className="full">
          <AllTab />
        </TabPanel>
        <TabPanel id="shared" className="full">
          <SharedTab />
        </TabPanel>
      </Tabs>
    </>
  );
}
