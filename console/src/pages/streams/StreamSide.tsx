import type { StreamStatus } from "../../api/types";
import { useText } from "../../i18n/text";
import { Button } from "../../kit/Button";
import { Glyph } from "../../kit/Glyph";
import { Side } from "../../kit/Side";
import { conditionOf } from "./condition";
import { StreamFacts } from "./StreamFacts";
import { Trouble } from "./Trouble";

interface Props {
  stream: StreamStatus;
  onOpen: () => void;
  onClose: () => void;
}

/** A stream beside the list: what it keeps, and who reads it. */
export function StreamSide({ stream: s, onOpen, onClose }: Props) {
  const { t, count, duration } = useText();
  return (
    <Side
      label={t("streams.selected")}
      name={
        <>
          <Glyph condition={conditionOf(s)} />
          <span className="el">{s.name}</span>
        </>
      }
      onClose={onClose}
    >
      {(s.refusing || s.damaged > 0) && (
        <div className="why">
          <Trouble stream={s} />
        </div>
      )}
      <section>
        <StreamFacts stream={s} />
      </section>
      <section>
        <h2>{t("streams.readers")}</h2>
        {s.readers.length === 0 && <p className="t12 mut2">{t("streams.readers.none")}</p>}
        <ul className="t12">
          {s.readers.map((one) => (
            <li key={`${one.kind} ${one.name}`}>
              <b className="med">{one.name}</b>{" "}
              <span className="mut2">
                {t(`streams.kind.${one.kind}`)},{" "}
                {one.behind > 0
                  ? t("streams.behind", { n: one.behind, count: count(one.behind), time: duration(one.lag) })
                  : t("streams.hasAll")}
              </span>
            </li>
          ))}
        </ul>
      </section>
      <section className="r">
        <Button small kind="primary" onPress={onOpen}>
          {t("streams.open")}
        </Button>
      </section>
    </Side>
  );
}
