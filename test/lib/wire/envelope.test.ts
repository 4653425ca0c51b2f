/** Envelopes: what one side writes, the other reads. The member names and their order are Vault's `logical.HTTPResponse`. */
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { Secret } from "../../../lib/secret.ts";
import { type Envelope, envelopeText, errorText, readEnvelope } from "../../../lib/wire/envelope.ts";
import { parseJsonMap } from "../../../lib/wire/json.ts";

const empty: Envelope = {
  requestId: "id",
  leaseId: "",
  renewable: false,
  leaseDuration: 0,
  data: undefined,
  wrap: undefined,
  warnings: [],
  auth: undefined,
  mountType: "",
};

test("an empty one", () => {
  const text = envelopeText(empty);
  expect(text).toBe(
    '{"request_id":"id","lease_id":"","renewable":false,"lease_duration":0,"data":null,"wrap_info":null,"warnings":null,"auth":null,"mount_type":""}\n',
  );
  expect(readEnvelope(parseJsonMap(text))).toEqual(empty);
});

test("property: auth, lease and warnings are read as they were written, whole seconds", () => {
  const seconds = fc.integer({ min: 0, max: 2 ** 31 }).map((n) => n * 1000);
  const text = fc.string({ unit: "binary", minLength: 1, maxLength: 10 }).filter((one) => !/\p{Surrogate}/u.test(one));
  const auth = fc.record({
    clientToken: text.map((one) => new Secret(one)),
    accessor: text,
    policies: fc.array(text),
    identityPolicies: fc.array(text),
    tokenPolicies: fc.array(text),
    metadata: fc.dictionary(text, text).map((members) => new Map(Object.entries(members))),
    leaseDuration: seconds,
    renewable: fc.boolean(),
    entityId: text,
    tokenType: fc.constantFrom("service", "batch"),
    orphan: fc.boolean(),
    numUses: fc.nat(),
  });
  fc.assert(
    fc.property(auth, text, seconds, fc.array(text), (written, leaseId, leaseDuration, warnings) => {
      const envelope: Envelope = { ...empty, auth: written, leaseId, leaseDuration, renewable: true, warnings };
      const read = readEnvelope(parseJsonMap(envelopeText(envelope)));
      expect({ ...read.auth, clientToken: undefined }).toEqual({ ...written, clientToken: undefined });
      expect(read.auth?.clientToken?.equals(written.clientToken)).toBe(true);
      expect(read).toMatchObject({ leaseId, leaseDuration, renewable: true, warnings });
    }),
    { numRuns: 100 },
  );
});

test("a wrapping token is read back; a renewal keeps its string to itself", () => {
  const wrap = {
    token: new Secret("hvs.w"),
    accessor: "a",
    ttl: 60_999,
    creationTime: 1_500,
    creationPath: "sys/x",
    wrappedAccessor: "inner",
  };
  const text = envelopeText({ ...empty, wrap });
  expect(text).toContain(
    '"ttl":60,"creation_time":"1970-01-01T00:00:01.500Z","creation_path":"sys/x","wrapped_accessor":"inner"',
  );
  expect(readEnvelope(parseJsonMap(text)).wrap).toMatchObject({ accessor: "a", ttl: 60_000, creationPath: "sys/x" });
  expect(readEnvelope(parseJsonMap('{"auth":{"client_token":""}}')).auth?.clientToken).toBeUndefined();
});

test("members of a foreign type are as if they were missing", () => {
  const odd =
    '{"request_id":1,"lease_id":[],"renewable":"yes","lease_duration":"1h","data":"x","wrap_info":{},"warnings":"w","auth":[],"mount_type":null}';
  expect(readEnvelope(parseJsonMap(odd))).toEqual({ ...empty, requestId: "" });
  expect(readEnvelope(parseJsonMap('{"lease_duration":1e400}')).leaseDuration).toBe(0);
  expect(readEnvelope(parseJsonMap('{"lease_duration":-5}')).leaseDuration).toBe(0);
});

test("beside members never shadow the envelope's own", () => {
  const text = envelopeText({ ...empty, data: { auth: 1, x: 2 } }, Object.entries({ auth: 1, x: 2, none: undefined }));
  expect(text).toMatch(/^\{"x":2,"request_id":"id",/);
  expect(text.match(/"auth":/g)).toHaveLength(2);
  expect(text).toContain('"auth":null,"mount_type"');
});

test("errors, with warnings only where there are any", () => {
  expect(errorText([])).toBe('{"errors":[]}\n');
  expect(errorText(["a\nb"], ["w"])).toBe('{"errors":["a\\nb"],"warnings":["w"]}\n');
});
