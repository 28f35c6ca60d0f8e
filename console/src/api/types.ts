// The API's types by the names the console uses, all out of the generated schema.
import type { components } from "./schema";

type Schemas = components["schemas"];

export interface Page<T> {
  items: T[];
  meta: Schemas["Meta"];
}

export type Setting = Schemas["Setting"];
export type Session = Schemas["Session"];
export type Status = Schemas["Status"];
export type StreamStatus = Schemas["StreamStatus"];
export type Reason = Schemas["Reason"];
export type Alarm = Schemas["Alarm"];
export type History = Schemas["History"];
export type TopicNode = Schemas["TopicNode"];
export type TopicMessage = Schemas["TopicMessage"];
export type LiveMessage = Schemas["LiveMessage"];
export type Series = Schemas["Series"];
export type RangeSeries = Schemas["RangeSeries"];
export type RangeAnswer = Schemas["RangeAnswer"];
