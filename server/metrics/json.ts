/** The counters as Vault's JSON: Gauges, Counters, Samples. Source: the sample on Vault's API page "/sys/metrics". */
import type { MetricObjectWithValues, MetricValue } from "prom-client";
import type { EncodableRecord } from "../../lib/wire/json.ts";

type Read = MetricObjectWithValues<MetricValue<string>>;

/** @param at wall-clock milliseconds */
export function vaultJson(metrics: readonly Read[], at: number): EncodableRecord {
  const time = `${new Date(at).toISOString().slice(0, 19).replace("T", " ")} +0000 UTC`;
  const ofType = (type: string): readonly Read[] => metrics.filter((metric) => String(metric.type) === type);
  return {
    Timestamp: time,
    Gauges: ofType("gauge").flatMap(({ name, values }) =>
      values.map(({ value, labels }) => ({ Name: dotted(name), Value: value, Labels: labelsOf(labels) })),
    ),
    Points: [],
    Counters: ofType("counter").flatMap(({ name, values }) =>
      values.map(({ value, labels }) => sample(name, value, value, labels)),
    ),
    Samples: ofType("histogram").flatMap(samples),
  };
}

const dotted = (name: string): string => name.replace(/_/g, ".");

function labelsOf(labels: Partial<Record<string, string | number>>): EncodableRecord {
  return Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, String(value)]));
}

function sample(
  name: string,
  count: number,
  sum: number,
  labels: Partial<Record<string, string | number>>,
): EncodableRecord {
  return { Name: dotted(name), Count: count, Sum: sum, Mean: count === 0 ? 0 : sum / count, Labels: labelsOf(labels) };
}

/** The sum and the count of a histogram, one sample for each set of labels. */
function samples({ name, values }: Read): readonly EncodableRecord[] {
  const named = values as readonly (MetricValue<string> & { readonly metricName?: string })[];
  const sums = named.filter(({ metricName }) => metricName === `${name}_sum`);
  const counts = named.filter(({ metricName }) => metricName === `${name}_count`);
  return sums.map(({ value, labels }) => {
    const same = JSON.stringify(labels);
    const count = counts.find((one) => JSON.stringify(one.labels) === same)?.value ?? 0;
    return sample(name, count, value, labels);
  });
}
