import type { MemoryProcess, MemoryProgram } from '../memory-program.js'
import { fail, readLines, write } from '../programs/command-io.js'
import { ShellInterpreter } from './shell-interpreter.js'

/** `sh -c SCRIPT [NAME ARGUMENTS…]`, `sh FILE`, or `sh` with a script on stdin, which runs line by line. */
export const sh: MemoryProgram = async (process) => {
  const [, option, script = '', ...rest] = process.argv
  if (option === '-c') return await new ShellInterpreter(process, rest).runScript(script)
  return option === undefined ? await runInput(process) : await runFile(process, option)
}

async function runInput(process: MemoryProcess): Promise<number> {
  const shell = new ShellInterpreter(process, [])
  const prompt = async () => {
    if (process.terminal) await write(process.stdout, '# ')
  }
  await prompt()
  for await (const line of readLines(process)) {
    await shell.runScript(line)
    if (shell.hasExited) break
    await prompt()
  }
  return shell.exitCode
}

async function runFile(process: MemoryProcess, path: string): Promise<number> {
  let script: string
  try {
    script = Buffer.from(await process.files.read(path)).toString()
  } catch (error) {
    return await fail(process, error, 127)
  }
  return await new ShellInterpreter(process, process.argv.slice(1)).runScript(script)
}
