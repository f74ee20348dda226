import { randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { realpath, rename, rm, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { imageTransferCapability } from '@capstan/core'
import { validateImageReferences } from '@capstan/core/plugin'
import type { Command } from 'commander'
import { CliError, toFileError } from '../errors/cli-error.js'
import { pickImage } from '../host/find-image.js'
import { openRuntime } from '../host/open-host.js'
import { toExamples } from '../options/command-definition.js'
import { requireWritableFile } from '../options/output-file.js'
import { writeOutput } from '../render/write-output.js'
import type { Call, SetAction } from './command.js'

/** Defines `capstan save`. */
export function define(command: Command, setAction: SetAction): void {
  command
    .description('Writes images to a tar archive: a file, or stdout if it is not a terminal.')
    .argument('<image...>', 'Reference, ID, or prefix of an ID')
    .option('-o, --output <file>', 'Write to a file, which is replaced when the archive is complete')
    .addHelpText('after', toExamples({ 'capstan save -o app.tar app:1 app:2': 'Save two images to one file' }))
  setAction<SaveOptions>(command, save)
}

interface SaveOptions {
  readonly output?: string
}

async function save({ invocation, operands, options }: Call<SaveOptions>): Promise<number> {
  const { io, interrupts } = invocation
  const { signal } = interrupts
  validateImageReferences(operands)
  const file = options.output === undefined ? undefined : resolve(io.cwd, options.output)
  if (file !== undefined) await requireWritableFile(file, `${options.output} cannot be written`)
  else if (io.stdout.isTTY) {
    throw new CliError('stdout is a terminal', { remedies: ['use -o FILE, or redirect stdout'] })
  }
  await using opened = await openRuntime(invocation, { requires: [imageTransferCapability] })
  const transfer = await opened.require(imageTransferCapability)
  const all = await opened.scope.runtime.listImages({ all: true, signal })
  const images = operands.map((reference) => pickImage(all, reference))
  const archive = await transfer.saveImages(images, { signal })
  if (file !== undefined) await writeFile(archive, file, { signal })
  else for await (const chunk of archive) await writeOutput(io.stdout, chunk, { signal })
  return 0
}

/**
 * Writes a file beside the target first, so that an interrupted command leaves an earlier file unchanged. A link leads to the
 * target. A device or a pipe is written directly.
 */
async function writeFile(
  archive: Readable,
  given: string,
  { signal }: { readonly signal: AbortSignal },
): Promise<void> {
  const file = await realpath(given).catch(() => given)
  const isReplaced = (await stat(file).catch(() => undefined))?.isFile() ?? true
  const part = `${file}.${randomUUID().slice(0, 8)}.part`
  try {
    if (!isReplaced) return await pipeline(archive, createWriteStream(file), { signal })
    await pipeline(archive, createWriteStream(part, { flags: 'wx' }), { signal })
    await rename(part, file)
  } catch (error) {
    if (isReplaced) await rm(part, { force: true })
    signal.throwIfAborted()
    const isFileError = error instanceof Error && 'syscall' in error && 'path' in error
    throw isFileError ? toFileError(`${given} cannot be written`, error) : error
  }
}
