import { QueryClientProvider } from "@tanstack/react-query";
import { useEffect } from "react";
import { I18nProvider } from "react-aria-components";
import { onSignedOut } from "./api/client";
import { client, forgetSession, useSession } from "./api/queries";
import { Failure } from "./kit/states";
import { SignIn } from "./pages/signin/SignIn";
import { usePreferences } from "./prefs/preferences";
import { Shell } from "./shell/Shell";

export function App() {
  const { language } = usePreferences();
  return (
    <QueryClientProvider client={client}>
      <I18nProvider locale={language === "de" ? "de-DE" : "en-GB"}>
        <Door />
      </I18nProvider>
    </QueryClientProvider>
  );
}

/** Nobody in by default: the address stays, so that sign-in returns to it. */
function Door() {
  const session = useSession();
  useEffect(() => onSignedOut(forgetSession), []);
  if (session.isPending) return null;
  if (session.isError) return <Failure error={session.error} retry={() => void session.refetch()} />;
  return session.data ? <Shell /> : <SignIn />;
}
