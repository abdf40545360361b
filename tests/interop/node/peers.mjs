// Systems on one port, each as its stack's own documentation has it and as strict as the stack goes: /samlify/{metadata,login,acs} and
// /node-saml/{metadata,login,acs,whoami,logout,slo}; /node-saml-post is the same, registered with the metadata that node-saml writes of its
// logout. An accepted login or logout is answered with JSON, a refused one with 403.
// node peers.mjs SETTINGS.json   reads {broker_metadata, key, certificate, ready_file}, all of them paths.
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { SAML, ValidateInResponseTo } from "@node-saml/node-saml";
import * as validator from "@authenio/samlify-node-xmllint";
import samlify from "samlify";

const settings = JSON.parse(readFileSync(process.argv[2], "utf8"));
const brokerMetadata = readFileSync(settings.broker_metadata, "utf8");
const privateKey = readFileSync(settings.key, "utf8");
const certificate = readFileSync(settings.certificate, "utf8");

const PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";
const X509_SUBJECT_NAME = "urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName";
const SUBSTANTIAL = "https://data.gov.dk/concept/core/nsis/loa/Substantial";
const RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
const CLOCK_SKEW = 300_000;
const POST_LOGOUT = 'SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"';
const REDIRECT_LOGOUT = 'SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"';

// node-saml reads no metadata of its own accord, so what it needs of the broker's is looked up by samlify's parser.
samlify.setSchemaValidator(validator);
const broker = samlify.IdentityProvider({
  metadata: brokerMetadata,
  isAssertionEncrypted: true,
  messageSigningOrder: "sign-then-encrypt",
  wantAuthnRequestsSigned: true,
  requestSignatureAlgorithm: RSA_SHA256,
});
// samlify's parser passes over ResponseLocation.
const [logoutElement] = brokerMetadata.match(/<[\w:]*SingleLogoutService [^>]*HTTP-Redirect[^>]*>/);
const logoutService = Object.fromEntries([...logoutElement.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, value]) => [key, value]));
const signingCertificate = broker.entityMeta.getX509Certificate("signing");

function nodeSaml(base, name, { logoutAsWritten }) {
  const entityId = `https://saml.${name}.interop.test`;
  const options = {
    entryPoint: broker.entityMeta.getSingleSignOnService("redirect"),
    logoutUrl: logoutService.Location,
    logoutCallbackUrl: `${base}/slo`,
    issuer: entityId,
    callbackUrl: `${base}/acs`,
    idpCert: signingCertificate,
    idpIssuer: broker.entityMeta.getEntityID(),
    audience: entityId,
    privateKey,
    publicCert: certificate,
    decryptionPvk: privateKey,
    signatureAlgorithm: "sha256",
    digestAlgorithm: "sha256",
    identifierFormat: PERSISTENT,
    authnContext: [SUBSTANTIAL],
    racComparison: "minimum",
    wantAssertionsSigned: true,
    // OIOSAML 3: the assertion is signed, a successful Response is not (R3-IDP-02).
    wantAuthnResponseSigned: false,
    validateInResponseTo: ValidateInResponseTo.always,
    acceptedClockSkewMs: CLOCK_SKEW,
    metadataContactPerson: [{ "@contactType": "technical", EmailAddress: ["drift@node-saml.interop.test"] }],
  };
  const saml = new SAML(options);
  // One logoutUrl is both the Location and the ResponseLocation: whoever has to answer needs a second instance.
  const answering = new SAML({ ...options, logoutUrl: logoutService.ResponseLocation });
  const sessions = new Map();
  const handleOf = (request) => /(?:^|; )node-saml=([^;]+)/.exec(request.headers.cookie ?? "")?.[1];
  const answer = async ({ profile }, relayState) => {
    if (profile === null) return { told: { loggedOut: true } };
    const mine = [...sessions].filter(([, each]) => each.nameID === profile.nameID && each.sessionIndex === profile.sessionIndex);
    for (const [handle] of mine) sessions.delete(handle);
    return { location: await answering.getLogoutResponseUrlAsync(profile, relayState ?? "", {}, mine.length > 0) };
  };
  return {
    metadata: () => {
      const written = saml.generateServiceProviderMetadata(certificate, certificate);
      if (!written.includes(POST_LOGOUT)) throw new Error("node-saml writes its logout another way than it did");
      return logoutAsWritten ? written : written.replace(POST_LOGOUT, REDIRECT_LOGOUT);
    },
    login: (relayState) => saml.getAuthorizeUrlAsync(relayState, undefined, {}),
    accept: async (body) => {
      const { profile } = await saml.validatePostResponseAsync(body);
      const { getAssertion, getAssertionXml, getSamlResponseXml, attributes, ...rest } = profile;
      const handle = randomUUID();
      sessions.set(handle, profile);
      return {
        told: { nameId: rest.nameID, nameIdFormat: rest.nameIDFormat, issuer: rest.issuer, attributes },
        headers: { "Set-Cookie": `node-saml=${handle}; Path=/${name}; HttpOnly` },
      };
    },
    whoami: (request) => ({ nameId: sessions.get(handleOf(request))?.nameID ?? null }),
    logout: async (request) => {
      const profile = sessions.get(handleOf(request));
      if (!profile) throw new Error("nobody is logged in");
      sessions.delete(handleOf(request));
      return saml.getLogoutUrlAsync(profile, "/after", {});
    },
    logoutByRedirect: async (query) => {
      const fields = Object.fromEntries(new URLSearchParams(query));
      const read = await saml.validateRedirectAsync(fields, query);
      // node-saml leaves this to the application: it takes an unsigned query for a signed one.
      if (!fields.Signature) throw new Error("the application: no signature");
      return answer(read, fields.RelayState);
    },
    logoutByPost: async (body) =>
      answer(await (body.SAMLResponse ? saml.validatePostResponseAsync(body) : saml.validatePostRequestAsync(body)), body.RelayState),
  };
}

function viaSamlify(base) {
  const entityId = "https://saml.samlify.interop.test";
  const system = samlify.ServiceProvider({
    entityID: entityId,
    authnRequestsSigned: true,
    wantAssertionsSigned: true,
    requestSignatureAlgorithm: RSA_SHA256,
    nameIDFormat: [X509_SUBJECT_NAME],
    privateKey,
    encPrivateKey: privateKey,
    signingCert: certificate,
    encryptCert: certificate,
    clockDrifts: [-CLOCK_SKEW, CLOCK_SKEW],
    assertionConsumerService: [{ isDefault: true, Binding: "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST", Location: `${base}/acs` }],
  });
  const outstanding = new Set();
  return {
    metadata: () => system.getMetadata(),
    login: (relayState) => {
      const { id, context } = system.createLoginRequest(broker, "redirect", { relayState });
      outstanding.add(id);
      return context;
    },
    accept: async (body) => {
      const { extract } = await system.parseLoginResponse(broker, "post", { body });
      // samlify leaves these to the application.
      const { destination, inResponseTo } = extract.response;
      if (extract.audience !== entityId) throw new Error(`the application: audience ${extract.audience}`);
      if (destination !== `${base}/acs`) throw new Error(`the application: destination ${destination}`);
      if (!outstanding.delete(inResponseTo)) throw new Error(`the application: InResponseTo ${inResponseTo}`);
      return { told: { nameId: extract.nameID, nameIdFormat: null, issuer: extract.issuer, attributes: extract.attributes } };
    },
  };
}

async function bodyOf(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return Object.fromEntries(new URLSearchParams(Buffer.concat(parts).toString("ascii")));
}

function answer(response, status, type, text, headers = {}) {
  response.writeHead(status, { "Content-Type": type, Connection: "close", ...headers }).end(text);
}

// The first message makes the validator compile its parser, which takes seconds of CPU: whoever logs in first would wait for it.
await validator.validate(
  '<p:Response xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol" ID="_1" Version="2.0" IssueInstant="2026-01-01T00:00:00Z">' +
    '<p:Status><p:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></p:Status></p:Response>',
);

const systems = {};
const server = createServer(async (request, response) => {
  const { pathname, search } = new URL(request.url, "http://localhost");
  const [, name, page] = pathname.split("/");
  const system = systems[name];
  try {
    if (system && page === "metadata") return answer(response, 200, "application/samlmetadata+xml", await system.metadata());
    if (system && page === "login") return answer(response, 302, "text/plain", "", { Location: await system.login("/after") });
    if (system && page === "acs" && request.method === "POST") {
      const body = await bodyOf(request);
      const { told, headers } = await system.accept(body);
      return answer(response, 200, "application/json", JSON.stringify({ relayState: body.RelayState, ...told }), headers);
    }
    if (system?.logout && page === "whoami") return answer(response, 200, "application/json", JSON.stringify(system.whoami(request)));
    if (system?.logout && page === "logout") return answer(response, 302, "text/plain", "", { Location: await system.logout(request) });
    if (system?.logout && page === "slo") {
      const posted = request.method === "POST";
      // The signature covers the query as it came.
      const { location, told } = await (posted ? system.logoutByPost(await bodyOf(request)) : system.logoutByRedirect(search.slice(1)));
      if (location) return answer(response, 302, "text/plain", "", { Location: location });
      return answer(response, 200, "application/json", JSON.stringify(told));
    }
    return answer(response, 404, "text/plain", "no such page");
  } catch (error) {
    // samlify rejects with plain strings here and there.
    return answer(response, 403, "text/plain", String(error?.message ?? error));
  }
});
server.listen(0, "127.0.0.1", () => {
  const base = `http://127.0.0.1:${server.address().port}`;
  systems["node-saml"] = nodeSaml(`${base}/node-saml`, "node-saml", { logoutAsWritten: false });
  systems["node-saml-post"] = nodeSaml(`${base}/node-saml-post`, "node-saml-post", { logoutAsWritten: true });
  systems.samlify = viaSamlify(`${base}/samlify`);
  writeFileSync(`${settings.ready_file}.new`, JSON.stringify({ base_url: base }));
  renameSync(`${settings.ready_file}.new`, settings.ready_file);
});
