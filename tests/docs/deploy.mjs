// deploy/'s YAML and Containerfile: what is written is known, and what refers to each other exists. No
// container is started.
//
//   node deploy.mjs ORDERS        the program, whose help has the variables and flags
import { execFileSync, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import yaml from "yaml";

const root = new URL("../../", import.meta.url).pathname;
const orders = process.argv[2];
const help = execFileSync(orders, ["serve", "--help"], { encoding: "utf8" });
let faults = 0;
const expect = (holds, what) => {
    if (holds) return;
    console.error(what);
    faults += 1;
};
const text = (path) => readFileSync(root + "deploy/" + path, "utf8");
const documents = (path) =>
    yaml.parseAllDocuments(text(path), { merge: true }).map((one) => {
        for (const fault of [...one.errors, ...one.warnings]) expect(false, `${path}: ${fault.message}`);
        return one.toJSON();
    });

// A schema: the members that there may be; "*" is any name, a list has one element, and null is any value.
const check = (value, schema, path) => {
    if (schema === null) return;
    if (Array.isArray(schema)) {
        expect(Array.isArray(value), `${path} is no list`);
        for (const [i, one] of [].concat(value).entries()) check(one, schema[0], `${path}[${i}]`);
        return;
    }
    if (typeof schema === "string") {
        expect(typeof value === schema, `${path} is no ${schema}`);
        return;
    }
    expect(value !== null && typeof value === "object" && !Array.isArray(value), `${path} has no members`);
    for (const [name, one] of Object.entries(value ?? {})) {
        const known = name in schema ? schema[name] : schema["*"];
        expect(known !== undefined, `${path}.${name} is not known`);
        if (known !== undefined) check(one, known, `${path}.${name}`);
    }
};
const is_variable = (name) => help.includes(name) || name === "POSTGRES_PASSWORD";
const is_command = (words) => {
    try {
        execFileSync(orders, [...words, words[0] === "serve" ? "--print-config" : "--help"], { stdio: "pipe", env: {} });
        return true;
    } catch {
        return false;
    }
};

// ---- Kubernetes ----

const names = { "*": "string" };
const metadata = { name: "string", labels: names };
const selector = { matchLabels: names };
const probe = { httpGet: { path: "string", port: "string" }, periodSeconds: "number", timeoutSeconds: "number" };
const container = {
    name: "string", image: "string", args: ["string"], envFrom: [{ secretRef: { name: "string" } }],
    ports: [{ name: "string", containerPort: "number" }], readinessProbe: probe, livenessProbe: probe,
    resources: { requests: names, limits: names },
    securityContext: { allowPrivilegeEscalation: "boolean", readOnlyRootFilesystem: "boolean",
                       capabilities: { drop: ["string"] } },
};
const kinds = {
    "v1 Secret": { type: "string", stringData: names },
    "v1 Service": { spec: { selector: names, ports: [{ name: "string", port: "number", targetPort: "string" }] } },
    "policy/v1 PodDisruptionBudget": { spec: { minAvailable: "number", selector } },
    "apps/v1 Deployment": { spec: {
        replicas: "number", selector,
        strategy: { rollingUpdate: { maxUnavailable: "number", maxSurge: "number" } },
        template: { metadata: { labels: names }, spec: {
            enableServiceLinks: "boolean", automountServiceAccountToken: "boolean",
            terminationGracePeriodSeconds: "number",
            securityContext: { runAsNonRoot: "boolean", runAsUser: "number", runAsGroup: "number",
                               seccompProfile: { type: "string" } },
            topologySpreadConstraints: [{ maxSkew: "number", topologyKey: "string", whenUnsatisfiable: "string",
                                          labelSelector: selector }],
            containers: [container] } } } },
};
const all = [...documents("kubernetes/orders.yaml"), ...documents("kubernetes/secret.example.yaml")];
const of_kind = {};
for (const one of all) {
    const kind = `${one.apiVersion} ${one.kind}`;
    expect(kinds[kind], `${kind} is not known`);
    of_kind[one.kind] = one;
    check(one, { apiVersion: "string", kind: "string", metadata, ...kinds[kind] }, one.kind);
}
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
const { Deployment: deployment, Service: service, PodDisruptionBudget: budget, Secret: secret } = of_kind;
const pod = deployment.spec.template;
const [serving] = pod.spec.containers;
for (const [who, labels] of [["Deployment", deployment.spec.selector.matchLabels], ["Service", service.spec.selector],
                             ["PodDisruptionBudget", budget.spec.selector.matchLabels]])
    expect(same(labels, pod.metadata.labels), `${who} selects other pods`);
expect(budget.spec.minAvailable < deployment.spec.replicas, "no node could be drained");
const ports = serving.ports.map((port) => port.name);
expect(service.spec.ports.every((port) => ports.includes(port.targetPort)), "the Service leads to no port");
for (const one of [serving.readinessProbe, serving.livenessProbe])
    expect(one.httpGet.port === "admin", "a probe asks another port");
expect(serving.readinessProbe.httpGet.path === "/health/ready", "a pod is ready without being asked");
expect(serving.livenessProbe.httpGet.path === "/health/live", "an outage of a server would restart pods");
const value_of = (flag) => Number(serving.args[serving.args.indexOf(flag) + 1]);
expect(value_of("--admin-port") === serving.ports.find((one) => one.name === "admin").containerPort,
       "the probes' port is another one");
expect(serving.envFrom.some((from) => from.secretRef.name === secret.metadata.name), "nobody reads the Secret");
for (const name of Object.keys(secret.stringData)) expect(is_variable(name), `the Secret's ${name} is no variable`);
expect(is_command(serving.args), `orders ${serving.args.join(" ")} does not start`);
const stop_seconds = Number(/--timeout-graceful-shutdown[\s\S]*?=(\d+)/.exec(help)[1]) + 5;
const pause = value_of("--drain-delay");
expect(pod.spec.terminationGracePeriodSeconds > pause + stop_seconds, "pods are killed before they are done");

// ---- compose ----

const compose_service = {
    image: "string", build: { context: "string", dockerfile: "string" }, command: ["string"], environment: names,
    volumes: ["string"], ports: ["string"], restart: "string", stop_grace_period: "string", read_only: "boolean",
    cap_drop: ["string"], security_opt: ["string"],
    healthcheck: { test: ["string"], interval: "string", retries: "number", disable: "boolean" },
    depends_on: { "*": { condition: "string" } },
};
const [compose] = documents("compose.yaml");
check(compose, { "x-orders": compose_service, services: { "*": compose_service }, volumes: { "*": null } }, "compose");
for (const [name, one] of Object.entries(compose.services)) {
    for (const [other, { condition }] of Object.entries(one.depends_on ?? {})) {
        expect(other in compose.services, `${name} depends on ${other}, which there is not`);
        expect(condition !== "service_healthy" || compose.services[other].healthcheck?.test,
               `${name} waits for ${other} to be healthy, which says nothing of it`);
    }
    for (const volume of one.volumes ?? []) expect(volume.split(":")[0] in compose.volumes, `there is no ${volume}`);
    if (one.image !== compose["x-orders"].image) continue;
    for (const variable of Object.keys(one.environment)) expect(is_variable(variable), `${variable} is no variable`);
    if (one.command) expect(is_command(one.command), `orders ${one.command.join(" ")} is no command`);
}
expect(parseInt(compose.services.orders.stop_grace_period) > stop_seconds, "compose kills before the service is done");
expect(existsSync(root + compose["x-orders"].build.dockerfile), "there is no such Containerfile");

// ---- the image ----

const lines = text("Containerfile").replace(/^#.*\n/gm, "").replace(/\\\n/g, " ").split("\n").filter((line) => line.trim());
const known = ["FROM", "COPY", "RUN", "USER", "EXPOSE", "STOPSIGNAL", "HEALTHCHECK", "ENTRYPOINT", "CMD"];
for (const line of lines) expect(known.includes(line.split(" ")[0]), `Containerfile: ${line} is not known`);
const last = (name) => lines.filter((line) => line.startsWith(name + " ")).at(-1).slice(name.length + 1);
expect(/^docker\.io\/library\/debian:[a-z]+-slim$/.test(last("FROM")), "the image is not made of a slim Debian");
expect(last("USER") === `${pod.spec.securityContext.runAsUser}:${pod.spec.securityContext.runAsGroup}`,
       "the image's user is another one");
expect(is_command(JSON.parse(last("CMD"))), "the image's command does not start");
expect(same(JSON.parse(last("ENTRYPOINT")), ["/usr/bin/orders"]), "the image starts something else");
expect(Number(last("EXPOSE")) === serving.ports[0].containerPort, "the image's port is another one");

// Its look at the service, at one that answers so.
const health = JSON.parse(last("HEALTHCHECK").replace(/^.*? CMD /, ""));
const is_healthy = (status) =>
    new Promise((resolve) => {
        const server = createServer((request, answer) => answer.writeHead(request.url === "/health/ready" ? status : 404).end());
        server.listen(0, "127.0.0.1", () => {
            const port = server.address().port;
            const ask = () =>
                spawn(health[0], health.slice(1), { env: { PATH: process.env.PATH, ORDERS_PORT: port }, stdio: "ignore" })
                    .on("exit", (code) => { server.close(); resolve(code === 0); });
            if (status) ask();
            else server.close(ask);
        });
    });
expect(await is_healthy(200), "the image's HEALTHCHECK does not know a service that is well");
expect(!(await is_healthy(503)), "the image's HEALTHCHECK takes 503 for well");
expect(!(await is_healthy(0)), "the image's HEALTHCHECK takes nobody for well");

process.exit(faults ? 1 : 0);
