/** `config/certificate/:cert_name`: further keys that may sign identity documents. Source: Vault API, AWS auth method, "Create certificate configuration". */
import { certificateAnchor, type KeyKind } from "../../../lib/crypto/anchor.ts";
import { Fault } from "../../../lib/fault.ts";
import { type Route, route } from "../../contract/engine.ts";
import { deleteRecord, listReply, nothingHere, putRecord, readRecord } from "../../contract/record.ts";
import { CERTIFICATES, type Certificate, certificateFrom } from "./anchors.ts";
import type { AwsState } from "./state.ts";

const NAME = /^\w(?:[\w.-]*\w)?$/;
const REGION = /^[a-z]{2,5}(?:-[a-z]+)+-\d{1,2}$/;

export function certificateRoutes(state: AwsState): readonly Route[] {
  return [certificateRoute(state), certificatesRoute()];
}

function certificatesRoute(): Route {
  return route({
    path: "config/certificates",
    about: "The registered certificates; AWS's own are built in and not listed",
    fields: {},
    on: { list: { about: "Lists their names", run: (_, { storage }) => listReply(storage, CERTIFICATES) } },
  });
}

function certificateRoute(state: AwsState): Route {
  return route({
    path: "config/certificate/:cert_name",
    about: "A certificate whose key may sign identity documents",
    fields: {
      cert_name: { type: "string", about: "Name of the certificate", required: true },
      aws_public_cert: { type: "string", about: "The certificate: PEM, or base64 of PEM" },
      type: { type: "string", about: "What it verifies: pkcs7 or identity", default: "pkcs7" },
      kind: {
        type: "string",
        about: "What its key is bound to; told from the key when left out",
        oneOf: ["", "dsa", "rsa2048", "rsa"],
      },
      regions: { type: "strings", about: "Regions whose documents it may sign; empty = any" },
    },
    exists: async ({ cert_name: name = "" }, { storage }) =>
      (await readRecord(storage, CERTIFICATES + name)) !== undefined,
    on: {
      read: {
        about: "Reads the certificate",
        run: async ({ cert_name: name }, { storage }) => {
          const record = await readRecord(storage, CERTIFICATES + name);
          if (record === undefined) throw nothingHere();
          const { pem, type, kind, regions } = certificateFrom(record);
          return { data: { aws_public_cert: pem, type, kind, regions } };
        },
      },
      update: {
        about: "Registers the certificate",
        run: async (values, { storage }) => {
          if (!NAME.test(values.cert_name))
            throw new Fault("invalid", 'cert_name may hold letters, digits, "_", "-" and "."');
          const certificate = readCertificate({
            pem: values.aws_public_cert,
            type: values.type,
            kind: values.kind,
            regions: values.regions ?? [],
          });
          await putRecord(storage, CERTIFICATES + values.cert_name, { ...certificate });
          state.anchors.changed();
          return undefined;
        },
      },
      delete: {
        about: "Removes the certificate",
        run: async ({ cert_name: name }, { storage }) => {
          await deleteRecord(storage, CERTIFICATES + name);
          state.anchors.changed();
          return undefined;
        },
      },
    },
  });
}

interface Sent {
  readonly pem: string | undefined;
  readonly type: string | undefined;
  readonly kind: string | undefined;
  readonly regions: readonly string[];
}

function readCertificate(sent: Sent): Certificate {
  if (sent.pem === undefined || sent.pem.trim() === "") throw new Fault("invalid", "missing aws_public_cert");
  const pem = sent.pem.includes("-----BEGIN") ? sent.pem : Buffer.from(sent.pem, "base64").toString("utf8");
  const kind = (sent.kind ?? "") === "" ? undefined : (sent.kind as KeyKind);
  const type = typeOf(sent.type, kind);
  const wrong = sent.regions.find((region) => !REGION.test(region));
  if (wrong !== undefined) throw new Fault("invalid", `${JSON.stringify(wrong)} is no region such as eu-west-1`);
  const anchor = certificateAnchor(pem, kind ?? (type === "identity" ? "rsa" : undefined), sent.regions, "");
  if ((anchor.kind === "rsa") !== (type === "identity")) {
    throw new Fault("invalid", `a key of kind ${anchor.kind} cannot verify documents of type ${type}`);
  }
  return { pem, type, kind: anchor.kind, regions: sent.regions };
}

function typeOf(sent: string | undefined, kind: KeyKind | undefined): string {
  const type = (sent ?? (kind === "rsa" ? "identity" : "pkcs7")).toLowerCase();
  if (type !== "pkcs7" && type !== "identity") {
    throw new Fault("invalid", "invalid certificate type: use pkcs7 or identity");
  }
  return type;
}
