import assert from "node:assert/strict";
import { test } from "node:test";
import { bench } from "../../fixture.test.ts";

test("Prometheus gets a group of targets per instance, well or not, with what is known of it as labels", async () => {
  await using t = await bench();
  await t.put("/v1/agent/service/register", {
    ID: "u1",
    Name: "user",
    Address: "::1",
    Port: 8081,
    Tags: ["v1", "eu"],
    Meta: { "grpc-port": "9090" },
    Check: { TTL: "60s" },
  });
  await t.put("/v1/agent/service/register", { ID: "o1", Name: "order", Address: "10.0.0.1", Port: 8082 });
  const answer = await t.ask("GET", "/v1/tusker/http_sd");
  assert.equal(answer.header("content-type"), "application/json");
  assert.deepEqual(answer.json, [
    {
      targets: ["10.0.0.1:8082"],
      labels: {
        service: "order",
        instance_id: "o1",
        __meta_tusker_node: "n1",
        __meta_tusker_status: "passing",
        __meta_tusker_tags: "",
      },
    },
    {
      targets: ["[::1]:8081"],
      labels: {
        service: "user",
        instance_id: "u1",
        __meta_tusker_node: "n1",
        __meta_tusker_status: "critical",
        __meta_tusker_tags: ",v1,eu,",
        __meta_tusker_meta_grpc_port: "9090",
      },
    },
  ]);
});

test("services and tags narrow the targets", async () => {
  await using t = await bench();
  for (const [Name, Tags] of [
    ["a", ["x"]],
    ["a2", ["x", "y"]],
    ["b", []],
  ] as const)
    await t.put("/v1/agent/service/register", { Name, Tags, Port: 1 });
  const names = async (query: string) =>
    ((await t.get(`/v1/tusker/http_sd?${query}`)) as { labels: { service: string } }[]).map(
      ({ labels }) => labels.service,
    );
  assert.deepEqual(await names("tag=x"), ["a", "a2"]);
  assert.deepEqual(await names("tag=x&tag=y"), ["a2"]);
  assert.deepEqual(await names("service=b&service=a"), ["b", "a"]);
  assert.deepEqual(await names("service=nobody"), []);
});
