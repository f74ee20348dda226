import { type ExecOptions, type ExecProcess, execManagerCapability } from '@capstan/core'
import { expect, expectEqual, expectIncludes } from '../assert/expect.js'
import { expectHostError, expectReason } from '../assert/expect-rejection.js'
import { pause, within } from '../assert/wait.js'
import type { CaseContext } from '../case-context.js'
import { type CaseDefinition, type ConformanceCase, defineCases } from '../conformance-case.js'
import { readAll } from '../steps/collect.js'
import { createContainer, runToExit, startContainer } from '../steps/containers.js'
import { inBackground } from '../steps/in-background.js'

export const execCases: readonly ConformanceCase[] = defineCases({ capability: execManagerCapability }, [
  givesCode('EXEC-001', 0),
  givesCode('EXEC-002', 42),
  {
    id: 'EXEC-003',
    title: 'exec gives stdout and stderr apart',
    run: async (context) => {
      const { stdout, stderr } = await runExec(context, context.programs.report('to out', 'to err', 0))
      expectEqual({ stdout, stderr }, { stdout: 'to out\n', stderr: 'to err\n' }, 'the output')
    },
  },
  {
    id: 'EXEC-004',
    title: 'stdin reaches the process, and its end half-closes',
    run: async (context) => {
      const process = await beginExec(context, context.programs.count())
      process.stdin.end('four')
      const { stdout, exitCode } = await finishExec(process)
      expectEqual({ stdout: stdout.trim(), exitCode }, { stdout: '4', exitCode: 0 }, 'the result')
    },
  },
  {
    id: 'EXEC-005',
    title: 'with stdin false the process reads end-of-file',
    run: async (context) => {
      const process = await beginExec(context, context.programs.count(), { stdin: false })
      const { stdout } = await within(10_000, 'the end of the process', finishExec(process))
      expectEqual(stdout.trim(), '0', 'the count')
    },
  },
  {
    id: 'EXEC-006',
    title: 'what goes in comes out: every byte of a megabyte, no deadlock',
    run: async (context) => {
      const sent = Buffer.alloc(1024 * 1024, everyByte)
      const process = await beginExec(context, context.programs.cat())
      process.stdin.end(sent)
      const received = await readAll(process.stdout)
      expect(received.equals(sent), `the ${sent.length} bytes that were sent`, `${received.length} bytes`)
      expectEqual(await process.exitCode, 0, 'the exit code')
    },
  },
  {
    id: 'EXEC-007',
    title: 'env is added to that of the container',
    requiredOptions: ['env'],
    run: async (context) => {
      const config = { env: { KEPT: 'from the container' } }
      const given = { env: { SAID: 'from the exec' } }
      const kept = await runExec(context, context.programs.variable('KEPT'), given, config)
      const said = await runExec(context, context.programs.variable('SAID'), given, config)
      expectEqual([kept.stdout, said.stdout], ['from the container\n', 'from the exec\n'], 'the variables')
    },
  },
  {
    id: 'EXEC-031',
    title: 'null in env removes a variable of the container',
    requiredOptions: ['env', 'exec.env.unset'],
    run: async (context) => {
      const config = { env: { KEPT: 'from the container', SAID: 'from the container' } }
      const given = { env: { SAID: null } }
      const kept = await runExec(context, context.programs.variable('KEPT'), given, config)
      const said = await runExec(context, context.programs.variable('SAID'), given, config)
      expectEqual([kept.stdout, said.stdout], ['from the container\n', '\n'], 'the variables')
    },
  },
  {
    id: 'EXEC-008',
    title: 'user is whom the process runs as',
    run: async (context) => {
      const { stdout } = await runExec(context, context.programs.user(), { user: '1234' })
      expectEqual(stdout.trim(), '1234', 'the user')
    },
  },
  {
    id: 'EXEC-009',
    title: 'workingDirectory is where the process starts',
    run: async (context) => {
      const { stdout } = await runExec(context, context.programs.directory(), { workingDirectory: '/etc' })
      expectEqual(stdout.trim(), '/etc', 'the directory')
    },
  },
  {
    id: 'EXEC-010',
    title: 'the command is an argument list: nothing of it is read by a shell',
    run: async (context) => {
      const text = `$(id) ; * "two  spaces" $HOME`
      const { stdout } = await runExec(context, context.programs.echo(text))
      expectEqual(stdout, `${text}\n`, 'the output')
    },
  },
  {
    id: 'EXEC-011',
    title: 'a command that is missing is exit code 127, or 126 where the engine knows no better, and no error',
    run: async (context) => {
      const { exitCode } = await runExec(context, context.programs.missing())
      expect(exitCode === 127 || exitCode === 126, '127 or 126', exitCode)
    },
  },
  {
    id: 'EXEC-012',
    title: 'a file that may not be executed is exit code 126',
    run: async (context) => {
      const { exitCode } = await runExec(context, context.programs.forbidden())
      expectEqual(exitCode, 126, 'the exit code')
    },
  },
  {
    id: 'EXEC-013',
    title: 'exec in a container that was never started is NOT_RUNNING with its state',
    run: async (context) => {
      const id = await createContainer(context, { command: context.programs.exit(0) })
      const exec = () => context.require(execManagerCapability).exec(id, context.programs.exit(0))
      await expectHostError('NOT_RUNNING', exec, { id, state: 'created' })
    },
  },
  {
    id: 'EXEC-014',
    title: 'exec in a container that has exited is NOT_RUNNING with its state',
    run: async (context) => {
      const { id } = await runToExit(context, { command: context.programs.exit(0) })
      const exec = () => context.require(execManagerCapability).exec(id, context.programs.exit(0))
      await expectHostError('NOT_RUNNING', exec, { id, state: 'exited' })
    },
  },
  {
    id: 'EXEC-015',
    title: 'with tty the process has a terminal, and stderr stays empty',
    requiredOptions: ['tty'],
    run: async (context) => {
      const { stdout, stderr } = await runExec(context, context.programs.report('to out', 'to err', 0), { tty: true })
      expectIncludes(stdout, 'to err', 'stdout')
      expectEqual(stderr, '', 'stderr')
    },
  },
  {
    id: 'EXEC-016',
    title: 'resize changes the size of its terminal',
    requiredOptions: ['tty'],
    run: async (context) => {
      const { command, ask, end } = context.programs.terminalSizes()
      const process = await beginExec(context, command, { tty: true })
      await process.resize({ height: 41, width: 141 })
      process.stdin.write(`${ask}${end}`)
      const { stdout, exitCode } = await finishExec(process)
      expectIncludes(stdout, '41 141', 'the terminal')
      expectEqual(exitCode, 0, 'the exit code')
    },
  },
  {
    id: 'EXEC-017',
    title: 'resize to an absurd size is INVALID_ARGUMENT',
    requiredOptions: ['tty'],
    run: async (context) => {
      const process = await beginExec(context, context.programs.sleep(60), { tty: true })
      await expectHostError('INVALID_ARGUMENT', () => process.resize({ height: 0, width: 80 }), {
        field: 'size.height',
      })
      await abandon(process)
    },
  },
  {
    id: 'EXEC-018',
    title: 'kill says whether the process was reached: then it ends, else it goes on',
    run: async (context) => {
      const process = await beginExec(context, context.programs.sleep(8))
      await pause(200)
      const reached = await process.kill('SIGKILL')
      const start = performance.now()
      const outcome = await finishExec(process).catch((error: unknown) => expectUnknownCode(error))
      const isEarly = performance.now() - start < 5000
      expectEqual(isEarly, reached, 'whether it ended early')
      if (reached && typeof outcome === 'object') expectEqual(outcome.exitCode, 137, 'the exit code')
    },
  },
  {
    id: 'EXEC-019',
    title: 'a container that stops ends the process: a code or EXIT_CODE_UNKNOWN, never 0, no hang',
    run: async (context) => {
      const id = await startContainer(context, { command: context.programs.sleep(60) })
      const exec = context.require(execManagerCapability)
      const process = await exec.exec(id, context.programs.sleep(60), { signal: context.signal })
      const ending = inBackground(finishExec(process).then(({ exitCode }) => exitCode))
      await pause(200)
      await context.runtime.stopContainer(id, { graceMs: 0 })
      const outcome = within(15_000, 'the end of the process', ending.result)
      const exitCode = await outcome.catch((error: unknown) => expectUnknownCode(error))
      expect(exitCode !== 0, 'an exit code other than 0, or EXIT_CODE_UNKNOWN', exitCode)
    },
  },
  {
    id: 'EXEC-020',
    title: 'exitCode comes after both outputs have ended, and all of 1 MB is there',
    run: async (context) => {
      const size = 1024 * 1024
      const process = await beginExec(context, context.programs.burst(size))
      const exitCode = inBackground(process.exitCode)
      await pause(300)
      expectEqual(exitCode.isSettled(), false, 'whether the code was there before the output was read')
      expectEqual((await readAll(process.stdout)).length, size, 'the number of bytes')
      await readAll(process.stderr)
      expectEqual(await within(10_000, 'the exit code', exitCode.result), 0, 'the exit code')
    },
  },
  {
    id: 'EXEC-021',
    title: 'ten processes at once have their own output and code each',
    run: async (context) => {
      const id = await startContainer(context, { command: context.programs.sleep(60) })
      const exec = context.require(execManagerCapability)
      const run = async (code: number) => {
        const process = await exec.exec(id, context.programs.report(`${code}`, '', code), { signal: context.signal })
        const { stdout, exitCode } = await finishExec(process)
        return { stdout, exitCode }
      }
      const codes = Array.from({ length: 10 }, (_, code) => code)
      const wanted = codes.map((code) => ({ stdout: `${code}\n`, exitCode: code }))
      expectEqual(await Promise.all(codes.map(run)), wanted, 'the results')
    },
  },
  {
    id: 'EXEC-022',
    title: 'disposing of a process closes its stdin, and may be repeated',
    run: async (context) => {
      const process = await beginExec(context, context.programs.cat())
      process.exitCode.catch(() => {})
      await within(5000, 'the end of disposing', process[Symbol.asyncDispose]())
      await process[Symbol.asyncDispose]()
      expect(process.stdin.destroyed || process.stdin.writableEnded, 'a closed stdin', 'an open one')
    },
  },
  {
    id: 'EXEC-023',
    title: 'an empty command is INVALID_ARGUMENT',
    run: async (context) => {
      const id = await startContainer(context, { command: context.programs.sleep(60) })
      const exec = () => context.require(execManagerCapability).exec(id, [])
      await expectHostError('INVALID_ARGUMENT', exec, { field: 'command' })
    },
  },
  {
    id: 'EXEC-024',
    title: 'aborting ends the session: exitCode rejects with the very reason',
    run: async (context) => {
      const id = await startContainer(context, { command: context.programs.sleep(60) })
      const controller = new AbortController()
      const exec = context.require(execManagerCapability)
      const process = await exec.exec(id, context.programs.cat(), { signal: controller.signal })
      for (const stream of [process.stdin, process.stdout, process.stderr]) stream.on('error', () => {})
      const exitCode = inBackground(process.exitCode)
      const reason = new Error('seen enough')
      controller.abort(reason)
      await expectReason(reason, () => within(5000, 'the rejection', exitCode.result))
      expectEqual(await context.runtime.containerState(id), 'running', 'the state of the container')
    },
  },
  {
    id: 'EXEC-025',
    title: 'what is not given is as in the container: its user, its directory',
    requiredOptions: ['user', 'workingDirectory'],
    run: async (context) => {
      const config = { user: '1234', workingDirectory: '/etc' }
      const user = await runExec(context, context.programs.user(), {}, config)
      const directory = await runExec(context, context.programs.directory(), {}, config)
      expectEqual([user.stdout.trim(), directory.stdout.trim()], ['1234', '/etc'], 'user and directory')
    },
  },
  {
    id: 'EXEC-026',
    title: 'privileged gives the process the capabilities of the machine',
    requiredOptions: ['privileged'],
    run: async (context) => {
      const plain = await runExec(context, context.programs.capabilities())
      const privileged = await runExec(context, context.programs.capabilities(), { privileged: true })
      expectEqual(hasSysAdmin(plain.stdout), false, 'SYS_ADMIN without it')
      expectEqual(hasSysAdmin(privileged.stdout), true, 'SYS_ADMIN with it')
    },
  },
  {
    id: 'EXEC-027',
    title: 'resize after the end of the process does nothing',
    requiredOptions: ['tty'],
    run: async (context) => {
      const process = await beginExec(context, context.programs.exit(4), { tty: true })
      expectEqual((await finishExec(process)).exitCode, 4, 'the exit code')
      await process.resize({ height: 24, width: 80 })
    },
  },
  endsTerminalInput('EXEC-028', 'a line', 'abc\n'),
  endsTerminalInput('EXEC-029', 'a line and a part of one', 'abc\nde'),
  endsTerminalInput('EXEC-030', 'nothing', ''),
  {
    id: 'EXEC-032',
    title: 'at a terminal, too, the process reads end-of-file with stdin false',
    requiredOptions: ['tty'],
    run: async (context) => {
      const process = await beginExec(context, context.programs.count(), { tty: true, stdin: false })
      const { stdout } = await within(10_000, 'the end of the process', finishExec(process))
      expectEqual(stdout.trim(), '0', 'the count')
    },
  },
])

function givesCode(id: string, code: number): CaseDefinition {
  return {
    id,
    title: `exec of a program that ends with ${code} has exit code ${code}`,
    run: async (context) =>
      expectEqual((await runExec(context, context.programs.exit(code))).exitCode, code, 'the exit code'),
  }
}

/** A process in a running container of its own. */
async function beginExec(
  context: CaseContext,
  command: readonly string[],
  options: ExecOptions = {},
  config = {},
): Promise<ExecProcess> {
  const id = await startContainer(context, { ...config, command: context.programs.sleep(60) })
  return await context.require(execManagerCapability).exec(id, command, { signal: context.signal, ...options })
}

/** A terminal echoes what is typed; what the process prints after the end of its input comes last. */
function endsTerminalInput(id: string, sent: string, text: string): CaseDefinition {
  return {
    id,
    title: `at a terminal the end of a stdin of ${sent} is end-of-file, and the output after it comes`,
    requiredOptions: ['tty'],
    run: async (context) => {
      const process = await beginExec(context, context.programs.count(), { tty: true })
      process.stdin.end(text)
      const { stdout, exitCode } = await finishExec(process)
      expectEqual(exitCode, 0, 'the exit code')
      expectEqual(stdout.trimEnd().at(-1), String(text.length), 'the end of the output')
    },
  }
}

async function runExec(
  context: CaseContext,
  command: readonly string[],
  options: ExecOptions = {},
  config = {},
): Promise<ExecResult> {
  return await finishExec(await beginExec(context, command, options, config))
}

interface ExecResult {
  readonly stdout: string
  readonly stderr: string
  readonly exitCode: number
}

async function finishExec({ stdout, stderr, exitCode }: ExecProcess): Promise<ExecResult> {
  const [out, err, code] = await Promise.all([readAll(stdout), readAll(stderr), exitCode])
  return { stdout: out.toString('utf8'), stderr: err.toString('utf8'), exitCode: code }
}

async function abandon(process: ExecProcess): Promise<void> {
  process.exitCode.catch(() => {})
  await process[Symbol.asyncDispose]()
}

/** Of a process whose end nobody saw: nothing but EXIT_CODE_UNKNOWN. */
async function expectUnknownCode(error: unknown): Promise<undefined> {
  await expectHostError('EXIT_CODE_UNKNOWN', () => Promise.reject(error))
  return undefined
}

/** Bit 21 of linux/capability.h. */
function hasSysAdmin(digits: string): boolean {
  return ((BigInt(`0x${digits.trim()}`) >> 21n) & 1n) === 1n
}

// An odd number of them: no block size of a transport fits.
const everyByte = Buffer.from(Array.from({ length: 257 }, (_, index) => (index * 31) % 256))
