import { execManagerCapability, type RuntimeScope, requireCapabilities } from '@capstan/core'
import type { Argv } from '@capstan/core/plugin'

/** Runs a command in a container and returns its stdout. */
export async function readExec(scope: RuntimeScope, id: string, command: Argv): Promise<string> {
  const { execs } = requireCapabilities(scope, { execs: execManagerCapability })
  await using process = await execs.exec(id, command, { stdin: false })
  process.exitCode.catch(() => {})
  let text = ''
  for await (const chunk of process.stdout) text += chunk
  return text
}
