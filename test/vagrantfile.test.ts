import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { needs } from "./rig/host.ts";

const PROJECT = join(import.meta.dirname, "..");

/** Runs the Vagrantfile with every provider's block against a recorder; prints each assignment and call, one per line. */
const RECORDER = `
class Recorder < BasicObject
  def initialize(name) = @name = name
  def [](key) = ::Recorder.new("#{@name}[#{key}]")
  def []=(key, value)
    ::STDOUT.puts "#{@name}[#{key}] = #{value}"
  end
  def method_missing(method, *args, **options, &block)
    words = args + options.map { |key, value| "#{key}: #{value}" }
    if method.end_with?("=")
      ::STDOUT.puts "#{@name}.#{method.to_s.chomp("=")} = #{args.first}"
    elsif block
      block.arity == 1 ? block.call(::Recorder.new(args.first)) : block.call(::Recorder.new(args.first), ::Recorder.new("#{args.first}!"))
    elsif words.empty?
      return ::Recorder.new("#{@name}.#{method}")
    else
      ::STDOUT.puts "#{@name}.#{method} #{words.join(" ")}"
    end
  end
end
module Vagrant
  def self.configure(_) = yield(Recorder.new("config"))
end
load "Vagrantfile"
puts "provider #{ENV["VAGRANT_DEFAULT_PROVIDER"]}"
`;

function record(env: Record<string, string> = {}) {
  const { PATH = "" } = process.env;
  const run = spawnSync("ruby", ["-e", RECORDER], { cwd: PROJECT, encoding: "utf8", env: { PATH, ...env } });
  return { lines: run.stdout.split("\n"), errors: run.stderr, code: run.status };
}

function hasRuby(test: TestContext): boolean {
  return needs(test, spawnSync("ruby", ["-v"]).error === undefined ? undefined : "ruby");
}

const PROVIDERS: readonly (readonly [string, readonly string[]])[] = [
  ["virtualbox", [".memory = 3072", ".cpus = 4", ".linked_clone = true"]],
  ["vmware_desktop", [".vmx[memsize] = 3072", ".vmx[numvcpus] = 4"]],
  ["parallels", [".memory = 3072", ".cpus = 4"]],
  ["hyperv", ["!.vm.box = generic/debian12", ".memory = 3072", ".cpus = 4", ".linked_clone = true"]],
  ["libvirt", ["!.vm.box = cloud-image/debian-13", ".memory = 3072", ".cpus = 4"]],
  ["qemu", ["!.vm.box = cloud-image/debian-13", ".net_device = virtio-net-pci", ".memory = 3072M", ".smp = 4"]],
];

test("the Vagrantfile gives every provider its box, memory and processors", (t) => {
  if (!hasRuby(t)) return;
  const { lines, errors } = record({ TINYDOCKER_MEMORY: "3072", TINYDOCKER_CPUS: "4" });
  assert.equal(errors, "");
  assert.ok(lines.includes("config.vm.box = bento/debian-13"));
  const hostDependent = /^qemu\.(arch|machine|cpu) /;
  for (const [provider, expected] of PROVIDERS) {
    const own = lines.filter((line) => line.startsWith(provider) && !hostDependent.test(line));
    assert.deepEqual(
      own,
      expected.map((line) => provider + line),
    );
  }
});

test("the Vagrantfile runs provision.sh, shares no folder and allows a long boot", (t) => {
  if (!hasRuby(t)) return;
  const { lines } = record();
  assert.ok(lines.includes("config.vm.provision shell path: vagrant/provision.sh"));
  assert.ok(lines.includes("config.vm.synced_folder . /vagrant disabled: true"));
  assert.ok(lines.includes("config.vm.guest = debian"));
  assert.ok(lines.includes("config.vm.boot_timeout = 600"));
});

test("the environment chooses the provider and the box", (t) => {
  if (!hasRuby(t)) return;
  const chosen = record({ TINYDOCKER_PROVIDER: "libvirt", TINYDOCKER_BOX: "my/box" }).lines;
  assert.ok(chosen.includes("provider libvirt"));
  const boxes = chosen.filter((line) => line.includes(".vm.box = ")).map((line) => line.replace(/.* = /, ""));
  assert.deepEqual(new Set(boxes), new Set(["my/box"]));
  assert.ok(record().lines.includes("provider "));
});

test("the Vagrantfile refuses a memory size that is not a number", (t) => {
  if (!hasRuby(t)) return;
  const { code, errors } = record({ TINYDOCKER_MEMORY: "much" });
  assert.equal(code, 1);
  assert.match(errors, /invalid value for Integer\(\): "much"/);
});
