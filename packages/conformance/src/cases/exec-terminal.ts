import { execManagerCapability } from '@capstan/core'
import { expectEqual, expectIncludes } from '../assert/expect.js'
import { expectHostError } from '../assert/expect-rejection.js'
import { type CaseDefinition, type ConformanceCase, defineCases } from '../conformance-case.js'
import { expectReadsEndOfFile, readExec, runProcess, startProcess } from '../steps/exec.js'

export const execTerminalCases: readonly ConformanceCase[] = defineCases(
  { capability: execManagerCapability, requiredOptions: ['tty'] },
  {
    'EXEC-015': {
      title: 'tty gives the process a terminal, and stderr stays empty',
      run: async (context) => {
        const { stdout, stderr } = await runProcess(context, context.programs.printBoth('to out', 'to err', 0), {
          tty: true,
        })
        expectIncludes(stdout, 'to err', 'stdout')
        expectEqual(stderr, '', 'stderr')
      },
    },
    'EXEC-016': {
      title: 'resize changes the size of the terminal',
      run: async (context) => {
        const { command, ask, end } = context.programs.terminalSizes()
        const process = await startProcess(context, command, { tty: true })
        await process.resize({ height: 41, width: 141 })
        process.stdin.write(`${ask}${end}`)
        const { stdout, exitCode } = await readExec(process)
        expectIncludes(stdout, '41 141', 'the terminal')
        expectEqual(exitCode, 0, 'the exit code')
      },
    },
    'EXEC-017': {
      title: 'resize rejects with INVALID_ARGUMENT when the size is invalid',
      run: async (context) => {
        const process = await startProcess(context, context.programs.sleep(60), { tty: true })
        const resize = () => process.resize({ height: 0, width: 80 })
        await expectHostError('INVALID_ARGUMENT', resize, { field: 'size.height' })
        process.exitCode.catch(() => {})
        await process[Symbol.asyncDispose]()
      },
    },
    'EXEC-027': {
      title: 'resize does nothing after the process has ended',
      run: async (context) => {
        const process = await startProcess(context, context.programs.exit(4), { tty: true })
        expectEqual((await readExec(process)).exitCode, 4, 'the exit code')
        await process.resize({ height: 24, width: 80 })
      },
    },
    'EXEC-028': endsTerminalInput('a line', 'abc\n'),
    'EXEC-029': endsTerminalInput('a line and a partial line', 'abc\nde'),
    'EXEC-030': endsTerminalInput('nothing', ''),
    'EXEC-032': {
      title: 'the process reads end-of-file with stdin false at a terminal',
      run: async (context) => await expectReadsEndOfFile(context, { tty: true, stdin: false }),
    },
  },
)

/** A terminal echoes the input, so only the end of the output is compared. */
function endsTerminalInput(sent: string, text: string): CaseDefinition {
  return {
    title: `the end of stdin after ${sent} is end-of-file at a terminal, and later output arrives`,
    run: async (context) => {
      const process = await startProcess(context, context.programs.count(), { tty: true })
      process.stdin.end(text)
      const { stdout, exitCode } = await readExec(process)
      expectEqual(exitCode, 0, 'the exit code')
      expectEqual(stdout.trimEnd().at(-1), String(text.length), 'the end of the output')
    },
  }
}
