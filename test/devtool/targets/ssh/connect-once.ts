import { Failure } from "../../../../devtool/failure.ts";
import { sshTarget } from "../../../../devtool/targets/ssh/target.ts";

// For tests that connect in a separate process: with a terminal, without one, or to be killed.
const [configFile = "", host = "", ...argv] = process.argv.slice(2);
const notice = (text: string) => console.log(text);
const target = sshTarget(host, host, { acceptNewHostKey: false, configFile, sudo: undefined, notice });
try {
  const connection = await target.connect(AbortSignal.timeout(60_000));
  console.log("connected");
  if (argv.length > 0) {
    const started = await connection.exec(argv);
    started.stdout.pipe(process.stdout);
    await started.exited;
  }
  await connection.close();
} catch (error) {
  if (!(error instanceof Failure)) throw error;
  console.log(`${error.message}\n${error.remedy}`);
  process.exitCode = error.exitCode;
}
