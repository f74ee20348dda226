import { createReadStream } from 'node:fs'
import { access, constants, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { imageTransferCapability } from '@capstan/core'
import { isImageId } from '@capstan/core/plugin'
import type { Command } from 'commander'
import { CliError, toFileError } from '../errors/cli-error.js'
import { openRuntime } from '../host/open-host.js'
import { toExamples } from '../options/command-definition.js'
import { toJson, writeOutput } from '../render/write-output.js'
import type { Io } from '../terminal/io.js'
import type { Call, SetAction } from './command.js'

/** Defines `capstan load`. */
export function define(command: Command, setAction: SetAction): void {
  command
    .description('Loads images from a tar archive: a file, or stdin.')
    .option('-i, --input <file>', 'Read a file')
    .option('-q, --quiet', 'Accepted as in docker; the command shows no progress')
    .option('--json', 'Print one JSON document')
    .addHelpText('after', toExamples({ 'capstan load -i app.tar': 'Load the images of an archive' }))
  setAction<LoadOptions>(command, load)
}

interface LoadOptions {
  readonly input?: string
  readonly quiet?: boolean
  readonly json?: boolean
}

async function load({ invocation, options }: Call<LoadOptions>): Promise<number> {
  const { io, interrupts } = invocation
  const open = await openInput(io, options.input)
  await using opened = await openRuntime(invocation, { requires: [imageTransferCapability] })
  const transfer = await opened.require(imageTransferCapability)
  const loaded = await transfer.loadImages(open(), { signal: interrupts.signal })
  const text = options.json
    ? toJson({ runtime: opened.scope.runtimeName, loaded })
    : loaded.map((name) => `${isImageId(name) ? 'Loaded image ID' : 'Loaded image'}: ${name}\n`).join('')
  await writeOutput(io.stdout, text, interrupts)
  return 0
}

/** Checks the input before a runtime is opened. */
async function openInput(io: Io, input: string | undefined): Promise<() => AsyncIterable<Uint8Array>> {
  if (input === undefined) {
    if (!io.stdin.isTTY) return () => io.stdin
    throw new CliError('stdin is a terminal', { remedies: ['use -i FILE, or redirect stdin'] })
  }
  const file = resolve(io.cwd, input)
  const problem = `${input} cannot be read`
  const stats = await stat(file).catch((cause: unknown) => {
    throw toFileError(problem, cause)
  })
  if (stats.isDirectory()) throw new CliError(`${problem}: it is a directory`)
  await access(file, constants.R_OK).catch((cause: unknown) => {
    throw toFileError(problem, cause)
  })
  return () => createReadStream(file)
}
