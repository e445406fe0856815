import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { familiarName, fullName, parseReference } from "../../../../runtime/image/registry/reference.ts";

const HEX = "0123456789abcdef".repeat(4);

describe("the name of an image", () => {
  for (const [text, full, familiar] of [
    ["debian", "docker.io/library/debian:latest", "debian:latest"],
    ["debian:13", "docker.io/library/debian:13", "debian:13"],
    ["user/app:v1.0", "docker.io/user/app:v1.0", "user/app:v1.0"],
    ["docker.io/debian", "docker.io/library/debian:latest", "debian:latest"],
    ["index.docker.io/library/debian", "docker.io/library/debian:latest", "debian:latest"],
    ["docker.io/library/a/b", "docker.io/library/a/b:latest", "library/a/b:latest"],
    ["docker.io/docker.io/a", "docker.io/docker.io/a:latest", "docker.io/docker.io/a:latest"],
    ["o/o", "docker.io/o/o:latest", "o/o:latest"],
    ["docker.io/localhost/a", "docker.io/localhost/a:latest", "docker.io/localhost/a:latest"],
    [`docker.io/${HEX}`, `docker.io/library/${HEX}:latest`, `docker.io/library/${HEX}:latest`],
    ["localhost/app", "localhost/app:latest", "localhost/app:latest"],
    ["localhost:5000/app", "localhost:5000/app:latest", "localhost:5000/app:latest"],
    ["registry.example/a/b/c:t", "registry.example/a/b/c:t", "registry.example/a/b/c:t"],
    ["Host/app", "Host/app:latest", "Host/app:latest"],
    ["[::1]:5000/app", "[::1]:5000/app:latest", "[::1]:5000/app:latest"],
    ["a--b__c.d_e", "docker.io/library/a--b__c.d_e:latest", "a--b__c.d_e:latest"],
    [`debian@sha256:${HEX}`, `docker.io/library/debian@sha256:${HEX}`, `debian@sha256:${HEX}`],
    [`debian:13@sha256:${HEX}`, `docker.io/library/debian@sha256:${HEX}`, `debian@sha256:${HEX}`],
    ["gcr.io:443/x_y/z:_T", "gcr.io:443/x_y/z:_T", "gcr.io:443/x_y/z:_T"],
  ] as const) {
    it(`${text} means ${full}`, () => {
      const reference = parseReference(text);
      assert.equal(fullName(reference), full);
      assert.equal(familiarName(reference), familiar);
      assert.deepEqual(parseReference(full), reference);
      assert.deepEqual(parseReference(familiar), reference);
    });
  }

  for (const [text, why] of [
    ["", "there is no name"],
    [":tag", "there is no name"],
    ["Debian", "lower case"],
    ["user/App", "lower case"],
    ["debian:", "a tag has"],
    ["debian:.x", "a tag has"],
    [`debian:${"x".repeat(129)}`, "a tag has"],
    ["debian@sha256:abc", "its digest"],
    ["debian@md5:0123", "its digest"],
    [`debian@sha256:${HEX}@sha256:${HEX}`, "its digest"],
    [HEX, "64 hexadecimal digits"],
    ["a..b", "between them"],
    ["a/", "between them"],
    ["/a", "between them"],
    ["a//b", "between them"],
    ["../../etc/passwd", "not a host"],
    ["-x", "between them"],
    ["_x", "between them"],
    ["a b", "between them"],
    ["é", "between them"],
    ["host:port/app", "not a host"],
    ["http://host/app", "not a host"],
    ["host:70000/app", "not a host"],
    ["1.2.3.400/app", "not a host"],
    ["[1::2::3]/app", "not a host"],
    ["x".repeat(256), "at most 255"],
  ] as const) {
    it(`${JSON.stringify(text.slice(0, 60))} can't be one`, () => {
      assert.throws(
        () => parseReference(text),
        (error: Error) => error.message.includes(why) && "code" in error && error.code === "name-invalid",
      );
    });
  }
});
