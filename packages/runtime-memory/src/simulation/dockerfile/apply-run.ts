import { Readable } from 'node:stream'
import { type Argv, untilAborted } from '@capstan/core/plugin'
import { createOfflineNetworking } from '../../networks/container-networking.js'
import { ContainerFiles } from '../files/container-files.js'
import { findCommand } from '../processes/find-program.js'
import { createProcessOutput } from '../processes/process-output.js'
import { SimulatedProcess } from '../processes/simulated-process.js'
import { createBuildError } from './build-error.js'
import { type InstructionCall, toVariables } from './build-stage.js'
import { toCommandLine } from './dockerfile-instruction.js'
import { LineReport } from './line-report.js'

/** Runs a command without a network and keeps the files that it writes. Any exit code other than 0 is BUILD_FAILED. */
export async function applyRun(call: InstructionCall): Promise<void> {
  const { build, stage, instruction } = call
  const argv = toCommandLine(instruction)
  if (argv.length === 0) throw createBuildError(instruction, 'RUN requires a command')
  const files = new ContainerFiles({ image: stage.files })
  const report = new LineReport(build.report)
  const process = await startProcess(call, { argv, files, report })
  const exitCode = await untilAborted(process.exitCode, build.signal).catch((error) => {
    process.kill()
    throw error
  })
  report.end()
  if (exitCode !== 0) throw createBuildError(instruction, undefined, { exitCode, lastLines: report.lastLines })
  for (const [path, entry] of files.written) stage.files.set(path, entry)
}

async function startProcess(
  { build, stage }: InstructionCall,
  { argv, files, report }: { readonly argv: Argv; readonly files: ContainerFiles; readonly report: LineReport },
): Promise<SimulatedProcess> {
  const { workingDirectory, user } = stage.config
  const env = Object.fromEntries(toVariables(stage))
  const sources = { files, programs: stage.programs, commands: build.commands }
  const { program } = await findCommand(sources, { argv, env, workingDirectory })
  const toSink = (stream: 'stdout' | 'stderr') => async (bytes: Uint8Array) => {
    report.add(stream, bytes)
    await build.nextTurn()
  }
  const streams = {
    stdin: Readable.from([]),
    stdout: createProcessOutput(toSink('stdout')),
    stderr: createProcessOutput(toSink('stderr')),
  }
  return new SimulatedProcess(program, streams, {
    argv,
    env,
    pid: 1,
    user,
    groups: [],
    workingDirectory,
    terminal: false,
    terminalSize: () => undefined,
    sources,
    networking: createOfflineNetworking(),
  })
}
