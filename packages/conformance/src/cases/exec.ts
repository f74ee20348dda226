import { execManagerCapability } from '@capstan/core'
import { expect, expectEqual } from '../assert/expect.js'
import { expectHostError, expectReason, expectUnknownExitCode } from '../assert/expect-rejection.js'
import { pause, within } from '../assert/wait.js'
import { type CaseDefinition, type ConformanceCase, defineCases } from '../conformance-case.js'
import { createMegabyte, readAll } from '../steps/collect.js'
import { createContainer, expectNumberedRuns, runToExit, startContainer } from '../steps/containers.js'
import { expectReadsEndOfFile, readExec, runProcess, startExec, startProcess } from '../steps/exec.js'
import { inBackground } from '../steps/in-background.js'
import { hasCapability } from '../steps/linux-capabilities.js'

export const execCases: readonly ConformanceCase[] = defineCases(execManagerCapability, {
  'EXEC-001': givesCode(0),
  'EXEC-002': givesCode(42),
  'EXEC-003': {
    title: 'exec separates stdout and stderr',
    run: async (context) => {
      const { stdout, stderr } = await runProcess(context, context.programs.printBoth('to out', 'to err', 0))
      expectEqual({ stdout, stderr }, { stdout: 'to out\n', stderr: 'to err\n' }, 'the output')
    },
  },
  'EXEC-004': {
    title: 'stdin reaches the process, and its end closes only stdin',
    run: async (context) => {
      const process = await startProcess(context, context.programs.count())
      process.stdin.end('four')
      const { stdout, exitCode } = await readExec(process)
      expectEqual({ stdout: stdout.trim(), exitCode }, { stdout: '4', exitCode: 0 }, 'the result')
    },
  },
  'EXEC-005': {
    title: 'the process reads end-of-file with stdin false',
    run: async (context) => await expectReadsEndOfFile(context, { stdin: false }),
  },
  'EXEC-006': {
    title: 'exec copies a megabyte of every byte value in and out without deadlock',
    run: async (context) => {
      const sent = createMegabyte()
      const process = await startProcess(context, context.programs.cat())
      process.stdin.end(sent)
      const received = await readAll(process.stdout)
      expect(received.equals(sent), `the ${sent.length} bytes that were sent`, `${received.length} bytes`)
      expectEqual(await process.exitCode, 0, 'the exit code')
    },
  },
  'EXEC-007': {
    title: 'env adds to the variables of the container',
    requiredOptions: ['env'],
    run: async (context) => {
      const config = { env: { KEPT: 'from the container' } }
      const options = { env: { SAID: 'from the exec' } }
      const kept = await runProcess(context, context.programs.variable('KEPT'), options, config)
      const said = await runProcess(context, context.programs.variable('SAID'), options, config)
      expectEqual([kept.stdout, said.stdout], ['from the container\n', 'from the exec\n'], 'the variables')
    },
  },
  'EXEC-031': {
    title: 'null in env removes a variable of the container',
    requiredOptions: ['env', 'exec.env.unset'],
    run: async (context) => {
      const config = { env: { KEPT: 'from the container', SAID: 'from the container' } }
      const options = { env: { SAID: null } }
      const kept = await runProcess(context, context.programs.variable('KEPT'), options, config)
      const said = await runProcess(context, context.programs.variable('SAID'), options, config)
      expectEqual([kept.stdout, said.stdout], ['from the container\n', '\n'], 'the variables')
    },
  },
  'EXEC-008': {
    title: 'user is the user of the process',
    run: async (context) => {
      const { stdout } = await runProcess(context, context.programs.user(), { user: '1234' })
      expectEqual(stdout.trim(), '1234', 'the user')
    },
  },
  'EXEC-009': {
    title: 'workingDirectory is the directory in which the process starts',
    run: async (context) => {
      const { stdout } = await runProcess(context, context.programs.directory(), { workingDirectory: '/etc' })
      expectEqual(stdout.trim(), '/etc', 'the directory')
    },
  },
  'EXEC-010': {
    title: 'command is an argument list that no shell interprets',
    run: async (context) => {
      const text = `$(id) ; * "two  spaces" $HOME`
      const { stdout } = await runProcess(context, context.programs.echo(text))
      expectEqual(stdout, `${text}\n`, 'the output')
    },
  },
  'EXEC-011': {
    title:
      'exec of a missing command has exit code 127, or 126 when the engine cannot tell the cause, and does not reject',
    run: async (context) => {
      const { exitCode } = await runProcess(context, context.programs.missing())
      expect(exitCode === 127 || exitCode === 126, '127 or 126', exitCode)
    },
  },
  'EXEC-012': {
    title: 'exec of a file that is not executable has exit code 126',
    run: async (context) => {
      const { exitCode } = await runProcess(context, context.programs.forbidden())
      expectEqual(exitCode, 126, 'the exit code')
    },
  },
  'EXEC-013': {
    title: 'exec rejects with NOT_RUNNING and the state when the container was never started',
    run: async (context) => {
      const id = await createContainer(context, { command: context.programs.exit(0) })
      const exec = () => startExec(context, id, context.programs.exit(0))
      await expectHostError('NOT_RUNNING', exec, { id, state: 'created' })
    },
  },
  'EXEC-014': {
    title: 'exec rejects with NOT_RUNNING and the state when the container has exited',
    run: async (context) => {
      const { id } = await runToExit(context, { command: context.programs.exit(0) })
      const exec = () => startExec(context, id, context.programs.exit(0))
      await expectHostError('NOT_RUNNING', exec, { id, state: 'exited' })
    },
  },
  'EXEC-018': {
    title: 'kill resolves with true and the process ends, or with false and it keeps running',
    run: async (context) => {
      const process = await startProcess(context, context.programs.sleep(8))
      await pause(200)
      const reached = await process.kill('SIGKILL')
      const start = performance.now()
      const outcome = await readExec(process).catch(expectUnknownExitCode)
      const isEarly = performance.now() - start < 5000
      expectEqual(isEarly, reached, 'whether it ended early')
      if (reached && typeof outcome === 'object') expectEqual(outcome.exitCode, 137, 'the exit code')
    },
  },
  'EXEC-019': {
    title: 'exitCode settles with a code or EXIT_CODE_UNKNOWN, never with 0, when the container stops',
    run: async (context) => {
      const id = await startContainer(context, { command: context.programs.sleep(60) })
      const process = await startExec(context, id, context.programs.sleep(60))
      const ending = inBackground(readExec(process).then(({ exitCode }) => exitCode))
      await pause(200)
      await context.runtime.stopContainer(id, { graceMs: 0 })
      const outcome = within(15_000, 'the end of the process', ending.result)
      const exitCode = await outcome.catch(expectUnknownExitCode)
      expect(exitCode !== 0, 'an exit code other than 0, or EXIT_CODE_UNKNOWN', exitCode)
    },
  },
  'EXEC-020': {
    title: 'exitCode settles after both outputs have ended, and 1 MB of output is complete',
    run: async (context) => {
      const size = 1024 * 1024
      const process = await startProcess(context, context.programs.repeatLine(size))
      const exitCode = inBackground(process.exitCode)
      await pause(300)
      expectEqual(exitCode.isSettled(), false, 'whether exitCode was settled before the output was read')
      expectEqual((await readAll(process.stdout)).length, size, 'the number of bytes')
      await readAll(process.stderr)
      expectEqual(await within(10_000, 'the exit code', exitCode.result), 0, 'the exit code')
    },
  },
  'EXEC-021': {
    title: 'ten concurrent processes have separate output and exit codes',
    run: async (context) => {
      const id = await startContainer(context, { command: context.programs.sleep(60) })
      await expectNumberedRuns(10, async (code) =>
        readExec(await startExec(context, id, context.programs.printBoth(`${code}`, '', code))),
      )
    },
  },
  'EXEC-022': {
    title: 'disposing a process closes its stdin and can be repeated',
    run: async (context) => {
      const process = await startProcess(context, context.programs.cat())
      process.exitCode.catch(() => {})
      await within(5000, 'the end of disposing', process[Symbol.asyncDispose]())
      await process[Symbol.asyncDispose]()
      expect(process.stdin.destroyed || process.stdin.writableEnded, 'a closed stdin', 'an open one')
    },
  },
  'EXEC-023': {
    title: 'an empty command rejects with INVALID_ARGUMENT',
    run: async (context) => {
      const id = await startContainer(context, { command: context.programs.sleep(60) })
      await expectHostError('INVALID_ARGUMENT', () => startExec(context, id, []), { field: 'command' })
    },
  },
  'EXEC-024': {
    title: 'aborting ends the session, and exitCode rejects with the reason itself',
    run: async (context) => {
      const id = await startContainer(context, { command: context.programs.sleep(60) })
      const controller = new AbortController()
      const process = await startExec(context, id, context.programs.cat(), { signal: controller.signal })
      for (const stream of [process.stdin, process.stdout, process.stderr]) stream.on('error', () => {})
      const exitCode = inBackground(process.exitCode)
      const reason = new Error('aborted by the case')
      controller.abort(reason)
      await expectReason(reason, () => within(5000, 'the rejection', exitCode.result))
      expectEqual(await context.runtime.containerState(id), 'running', 'the state of the container')
    },
  },
  'EXEC-025': {
    title: 'the process has the user and directory of the container by default',
    requiredOptions: ['user', 'workingDirectory'],
    run: async (context) => {
      const config = { user: '1234', workingDirectory: '/etc' }
      const user = await runProcess(context, context.programs.user(), {}, config)
      const directory = await runProcess(context, context.programs.directory(), {}, config)
      expectEqual([user.stdout.trim(), directory.stdout.trim()], ['1234', '/etc'], 'user and directory')
    },
  },
  'EXEC-026': {
    title: 'privileged gives the process all capabilities of the machine',
    requiredOptions: ['privileged'],
    run: async (context) => {
      const plain = await runProcess(context, context.programs.capabilities())
      const privileged = await runProcess(context, context.programs.capabilities(), { privileged: true })
      expectEqual(hasCapability(plain.stdout, 'SYS_ADMIN'), false, 'SYS_ADMIN without it')
      expectEqual(hasCapability(privileged.stdout, 'SYS_ADMIN'), true, 'SYS_ADMIN with it')
    },
  },
})

function givesCode(code: number): CaseDefinition {
  return {
    title: `exitCode is ${code} when the program exits with ${code}`,
    run: async (context) =>
      expectEqual((await runProcess(context, context.programs.exit(code))).exitCode, code, 'the exit code'),
  }
}
