import { Plus, X } from "lucide-react";
import type { ReactNode } from "react";
import { Button as Press, Dialog, DialogTrigger, Popover } from "react-aria-components";
import { useText } from "../i18n/text";
import { setQuery, usePlace } from "../router";
import { Field } from "./Field";
import { type Choice, Select } from "./Select";

export interface Filter {
  /** Its parameter, in the address of the page and in the API. */
  id: string;
  label: string;
  /** What can be chosen; without it any text. */
  options?: readonly Choice[];
}

interface Props {
  filters: readonly Filter[];
  /** The search field, at the left. */
  children?: ReactNode;
  aside?: ReactNode;
}

/** Chips of what the list is narrowed to, and the way to narrow it further. */
export function FilterBar({ filters, children, aside }: Props) {
  const { t } = useText();
  const { query } = usePlace();
  const active = filters.filter((filter) => query.get(filter.id));
  return (
    <div className="fbar">
      {children}
      {active.map((filter) => (
        <FilterChip key={filter.id} filter={filter} value={query.get(filter.id) ?? ""} />
      ))}
      {filters.length > active.length && (
        <DialogTrigger>
          <Press className="chip add">
            <Plus className="i" aria-hidden />
            {t("list.filter")}
          </Press>
          <Popover className="pop filters" placement="bottom start" offset={4}>
            <Dialog aria-label={t("list.filter")}>
              {({ close }) => (
                <div className="form">
                  {filters.map((filter) => (
                    <FilterField key={filter.id} filter={filter} value={query.get(filter.id) ?? ""} done={close} />
                  ))}
                </div>
              )}
            </Dialog>
          </Popover>
        </DialogTrigger>
      )}
      <span className="sp" />
      <span className="t12 mut hid">{aside}</span>
    </div>
  );
}

function FilterChip({ filter, value }: { filter: Filter; value: string }) {
  const { t } = useText();
  const text = filter.options?.find((one) => one.id === value)?.text ?? value;
  return (
    <span className="chip on">
      <span>{filter.label}</span>
      <b>{text}</b>
      <button
        type="button"
        aria-label={t("list.filter.remove", { name: filter.label })}
        onClick={() => setQuery({ [filter.id]: null })}
      >
        <X className="i" aria-hidden />
      </button>
    </span>
  );
}

function FilterField({ filter, value, done }: { filter: Filter; value: string; done: () => void }) {
  const { t } = useText();
  if (filter.options) {
    return (
      <Select
        label={filter.label}
        value={value}
        options={[{ id: "", text: t("list.filter.any") }, ...filter.options]}
        onChange={(next) => {
          setQuery({ [filter.id]: next || null });
          done();
        }}
      />
    );
  }
  return (
    <Field
      label={filter.label}
      defaultValue={value}
      onKeyDown={(event) => {
        if (event.key !== "Enter") return;
        setQuery({ [filter.id]: (event.target as HTMLInputElement).value || null });
        done();
      }}
    />
  );
}
