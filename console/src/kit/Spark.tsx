import { type Ref, useImperativeHandle, useRef } from "react";
import { sparkLine } from "./spark";

export interface SparkHandle {
  draw: (values: readonly number[]) => void;
}

const width = 96;
const height = 20;

/** A sparkline that is drawn through its handle, outside React's state. */
export function Spark({ ref }: { ref: Ref<SparkHandle> }) {
  const path = useRef<SVGPathElement>(null);
  const dot = useRef<SVGCircleElement>(null);
  useImperativeHandle(ref, () => ({
    draw: (values) => {
      const line = sparkLine(values, width, height);
      path.current?.setAttribute("d", line?.d ?? "");
      dot.current?.setAttribute("cx", String(line?.x ?? -9));
      dot.current?.setAttribute("cy", String(line?.y ?? -9));
    },
  }));
  return (
    <svg className="spk" width={width} height={height} aria-hidden="true">
      <path ref={path} fill="none" stroke="currentColor" strokeWidth="1.25" strokeLinejoin="round" />
      <circle ref={dot} cx="-9" cy="-9" r="2.2" fill="currentColor" />
    </svg>
  );
}
