import { PassThrough } from 'node:stream'
import { runtimeCapability, type TerminalSize } from '@capstan/core'
import { expect, expectEqual } from '../assert/expect.js'
import { expectHostError } from '../assert/expect-rejection.js'
import { eventually, pause } from '../assert/wait.js'
import type { CaseContext } from '../case-context.js'
import { type CaseDefinition, type ConformanceCase, defineCases } from '../conformance-case.js'
import { collectBytes } from '../steps/collect.js'
import { createContainer, runAttached, runToExit, startContainer } from '../steps/containers.js'
import { inBackground } from '../steps/in-background.js'

export const terminalCases: readonly ConformanceCase[] = [
  ...defineCases(
    { capability: runtimeCapability, requiredOptions: ['tty'] },
    {
      'TTY-001': {
        title: 'tty gives the program a terminal of the initial size',
        run: async (context) => {
          const config = { tty: true, command: context.programs.terminalSize() }
          const { stdout, exitCode } = await runAttached(context, config, { initialSize: { height: 33, width: 111 } })
          expectEqual({ exitCode, size: stdout.trim() }, { exitCode: 0, size: '33 111' }, 'the result')
        },
      },
      'TTY-002': {
        title: 'the program has no terminal without tty',
        run: async (context) => {
          const { exitCode } = await runAttached(context, { command: context.programs.terminalSize() })
          expect(exitCode !== 0, 'an exit code other than 0', exitCode)
        },
      },
      'TTY-003': {
        title: 'resizeTTY before the start is applied at the start',
        requiredOptions: ['tty.resize'],
        run: async (context) => {
          const id = await createContainer(context, { tty: true, command: context.programs.terminalSize() })
          await context.runtime.resizeTTY(id, { height: 44, width: 122 })
          const stdout = collectBytes()
          await context.runtime.startAttached(id, { stdout: stdout.stream, signal: context.signal })
          expectEqual(stdout.text().trim(), '44 122', 'the size')
        },
      },
      'TTY-004': {
        title: 'resizeTTY changes the size of the terminal of a running container',
        requiredOptions: ['tty.resize', 'interactive'],
        run: async (context) => {
          const { command, ...lines } = context.programs.terminalSizes()
          const id = await createContainer(context, { tty: true, interactive: true, command })
          const stdin = new PassThrough()
          const stdout = collectBytes()
          const options = {
            stdin,
            stdout: stdout.stream,
            initialSize: { height: 20, width: 90 },
            signal: context.signal,
          }
          const running = inBackground(context.runtime.startAttached(id, options))
          const ask = () => void stdin.write(lines.ask)
          await untilShown(ask, stdout.text, '20 90')
          await context.runtime.resizeTTY(id, { height: 55, width: 133 })
          await untilShown(ask, stdout.text, '55 133')
          stdin.write(lines.end)
          expectEqual(await running.result, 0, 'the exit code')
        },
      },
      'TTY-005': {
        title: 'resizeTTY resolves and does nothing after the exit',
        run: async (context) => {
          const { id } = await runToExit(context, { tty: true, command: context.programs.exit(0) })
          await context.runtime.resizeTTY(id, { height: 24, width: 80 })
        },
      },
    },
  ),
  ...defineCases(runtimeCapability, {
    'TTY-006': rejectsSize({ height: 0, width: 80 }, 'size.height'),
    'TTY-007': rejectsSize({ height: 24, width: 70_000 }, 'size.width'),
    'TTY-008': rejectsSize({ height: 1.5, width: 80 }, 'size.height'),
    'TTY-009': rejectsSize({ height: 24, width: Number.NaN }, 'size.width'),
    'TTY-010': {
      title: 'an invalid initialSize rejects with INVALID_ARGUMENT, and nothing is started',
      run: async (context) => {
        const id = await createContainer(context, { command: context.programs.exit(0) })
        const options = { stdout: collectBytes().stream, initialSize: { height: -1, width: 80 } }
        await expectHostError('INVALID_ARGUMENT', () => context.runtime.startAttached(id, options), {
          field: 'initialSize.height',
        })
        expectEqual(await context.runtime.containerState(id), 'created', 'the state')
      },
    },
    'TTY-011': {
      title: 'resizeTTY without a terminal resolves before the start, while the program runs and after the exit',
      run: async (context) => {
        const { programs, runtime, signal } = context
        const resize = (id: string) => runtime.resizeTTY(id, { height: 24, width: 80 }, { signal })
        const running = await startContainer(context, { command: programs.sleep(60) })
        await resize(running)
        expectEqual(await runtime.containerState(running), 'running', 'the state')
        const id = await createContainer(context, { command: programs.terminalSize() })
        await resize(id)
        await runtime.startContainer(id, { signal })
        expect((await runtime.waitContainer(id, { signal })) !== 0, 'no terminal in the container', 'a terminal')
        await resize(id)
        expectEqual(await runtime.containerState(id), 'exited', 'the state')
      },
    },
  }),
]

function rejectsSize(size: TerminalSize, field: string): CaseDefinition {
  return {
    title: `resizeTTY to ${size.height} × ${size.width} rejects with INVALID_ARGUMENT for ${field}`,
    run: async (context: CaseContext) => {
      const container = await startContainer(context, { command: context.programs.sleep(60) })
      await expectHostError('INVALID_ARGUMENT', () => context.runtime.resizeTTY(container, size), { field })
    },
  }
}

/** Polls the program until it prints the size, because an engine may set it only after the process has started. */
async function untilShown(ask: () => void, read: () => string, size: string): Promise<void> {
  await eventually(`the size ${size}`, async () => {
    ask()
    await pause(200)
    return read().includes(size) ? size : undefined
  })
}
