// What Explore shows, outside React: it reads the historian, follows the newest
// samples while live, and tells its listener when something changed.
import { get, Problem } from "../../api/client";
import type { RangeAnswer } from "../../api/types";
import { exploreBucket } from "../../data/windows";
import { extend, type Track, toTrack } from "./track";

export interface View {
  series: readonly string[];
  /** Length of the time in sight, seconds. */
  seconds: number;
  /** Its end, seconds since 1970 UTC; null follows live. */
  end: number | null;
}

export const mostSeries = 16;

const columns = "avg,min,max,last,count";
const mostSamples = 100_000;
/** Samples may arrive late by this much and still show while live. */
const late = 3;
/** Raw samples are shown this late, so that the line runs on between two answers. */
const delay = 1;

export class Board {
  tracks: Track[] = [];
  /** Series that the historian does not know. */
  unknown: string[] = [];
  error: unknown = null;
  loading = false;
  /** Seconds; 0 for raw samples. */
  bucket = 0;
  /** When the node last answered, milliseconds of our clock. */
  answered = 0;
  /** Milliseconds that the node's clock is ahead of ours. */
  offset = 0;

  private view: View = { series: [], seconds: 3_600, end: null };
  private run = new AbortController();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readTo = 0;

  constructor(private readonly changed: () => void) {}

  /** The time in sight at this moment, in seconds. */
  get span(): [number, number] {
    const now = (Date.now() + this.offset) / 1000;
    const to = this.view.end ?? (this.bucket === 0 ? now - delay : now);
    return [to - this.view.seconds, to];
  }

  get live(): boolean {
    return this.view.end === null;
  }

  show(view: View) {
    this.close();
    this.view = view;
    this.run = new AbortController();
    this.bucket = exploreBucket(view.seconds);
    this.tracks = view.series.flatMap((name) => this.tracks.find((track) => track.series === name) ?? []);
    this.unknown = [];
    this.loading = true;
    this.changed();
    void this.load();
  }

  close() {
    this.run.abort();
    clearTimeout(this.timer);
  }

  reload() {
    this.show(this.view);
  }

  private async load() {
    const { signal } = this.run;
    const [from, to] = this.span;
    const start = this.bucket > 0 ? Math.floor(from / this.bucket) * this.bucket : from - delay - late;
    try {
      const fresh = this.view.series.length > 0 ? await this.read(start, this.live ? null : to, signal) : [];
      if (signal.aborted) return;
      this.tracks = fresh;
      this.settle(null);
    } catch (error) {
      if (signal.aborted) return;
      this.settle(error);
    }
    this.plan(signal);
  }

  private async follow(signal: AbortSignal) {
    const [inSight] = this.span;
    const back = Math.max(late, 2 * this.bucket);
    const rough = Math.max(this.readTo - back, inSight - delay);
    const from = this.bucket > 0 ? Math.floor(rough / this.bucket) * this.bucket : rough;
    try {
      const fresh = await this.read(from, null, signal);
      if (signal.aborted) return;
      this.tracks = fresh.map((track) => {
        const old = this.tracks.find((one) => one.series === track.series);
        return old ? extend(old, track, from, inSight - late - delay - this.bucket) : track;
      });
      this.settle(null);
    } catch (error) {
      if (signal.aborted) return;
      this.settle(error);
    }
    this.plan(signal);
  }

  private settle(error: unknown) {
    this.error = error;
    this.loading = false;
    if (error === null) this.answered = Date.now();
    this.changed();
  }

  private plan(signal: AbortSignal) {
    if (!this.live || signal.aborted || this.view.series.length === 0) return;
    const pause = this.error ? 2_000 : this.bucket === 0 ? 500 : Math.min(10_000, Math.max(1_000, this.bucket * 500));
    this.timer = setTimeout(() => {
      if (document.hidden) this.plan(signal);
      else void (this.tracks.length > 0 ? this.follow(signal) : this.load());
    }, pause);
  }

  private async read(from: number, to: number | null, signal: AbortSignal): Promise<Track[]> {
    const known = this.view.series.filter((name) => !this.unknown.includes(name));
    if (known.length === 0) return [];
    const query = {
      from: Math.floor(from * 1000),
      to: to === null ? "now" : Math.ceil(to * 1000),
      bucket: this.bucket > 0 ? `${this.bucket}s` : "0",
      fn: columns,
      limit: mostSamples,
    };
    try {
      const answer = await get<RangeAnswer>("/series/range", { ...query, series: known }, signal);
      if (signal.aborted) return [];
      this.readTo = Date.parse(answer.to) / 1000;
      return answer.items.map(toTrack);
    } catch (error) {
      if (!(error instanceof Problem) || error.status !== 404) throw error;
      await this.findUnknown(known, signal);
      return this.read(from, to, signal);
    }
  }

  // One unknown name fails the whole question: find out which.
  private async findUnknown(names: readonly string[], signal: AbortSignal) {
    const checks = names.map(async (series) => {
      try {
        await get("/series/range", { series, from: "-1s", limit: 1 }, signal);
      } catch (error) {
        if (error instanceof Problem && error.status === 404) this.unknown.push(series);
        else throw error;
      }
    });
    await Promise.all(checks);
  }
}
