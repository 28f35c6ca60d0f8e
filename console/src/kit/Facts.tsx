import { Fragment, type ReactNode } from "react";

export type Fact = readonly [name: string, value: ReactNode] | false | null | undefined;

/** Names and values in two columns. */
export function Facts({ facts }: { facts: readonly Fact[] }) {
  return (
    <dl className="kv">
      {facts.map((fact) => fact && <Line key={fact[0]} name={fact[0]} value={fact[1]} />)}
    </dl>
  );
}

function Line({ name, value }: { name: string; value: ReactNode }) {
  return (
    <Fragment>
      <dt>{name}</dt>
      <dd title={typeof value === "string" ? value : undefined}>{value}</dd>
    </Fragment>
  );
}
