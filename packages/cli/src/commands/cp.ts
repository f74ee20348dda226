import { pipeline } from 'node:stream/promises'
import { type CopyResult, copyIn, copyOut } from '@capstan/container-tools'
import { type FileTransfer, fileTransferCapability, type OperationOptions } from '@capstan/core'
import type { Command } from 'commander'
import prettyBytes from 'pretty-bytes'
import { findContainer } from '../host/find-container.js'
import { openRuntime } from '../host/open-host.js'
import { toExamples } from '../options/command-definition.js'
import { type ContainerOperand, type CopyOperands, parseCopyOperands } from '../options/copy-operands.js'
import { toJson, writeOutput } from '../render/write-output.js'
import type { Io } from '../terminal/io.js'
import type { Call, SetAction } from './command.js'

/** Defines `capstan cp`. */
export function define(command: Command, setAction: SetAction): void {
  command
    .description(
      'Copies a file or directory between a container and this machine. `-` stands for a tar archive on stdin or stdout.',
    )
    .usage('[options] CONTAINER:SRC DEST | SRC CONTAINER:DEST')
    .argument('<src>', 'Path, or CONTAINER:PATH; a trailing /. copies the content of a directory')
    .argument('<dest>', 'Path, or CONTAINER:PATH')
    .option('-a, --archive', 'Keep the owners of the files, by number; out of a container only as root')
    .option('-L, --follow-link', 'Copy the target of SRC if it is a link')
    .option('-q, --quiet', 'Suppress the summary')
    .option('--json', 'Print one JSON document')
    .addHelpText(
      'after',
      toExamples({
        'capstan cp ./conf web:/etc/app': 'Copy a directory into a container',
        'capstan cp web:/var/log/app.log .': 'Copy a file out of a container',
        'capstan cp web:/etc - | tar t': 'List the files of a directory',
      }),
    )
  setAction<CpOptions>(command, cp)
}

interface CpOptions {
  readonly archive?: boolean
  readonly followLink?: boolean
  readonly quiet?: boolean
  readonly json?: boolean
}

async function cp({ invocation, operands, options }: Call<CpOptions>): Promise<number> {
  const { io, interrupts } = invocation
  const { signal } = interrupts
  const [from = '', to = ''] = operands
  const paths = parseCopyOperands(from, to, io.cwd)
  const keepsOwners = options.archive === true && (paths.direction === 'in' || process.getuid?.() === 0)
  await using opened = await openRuntime(invocation, {
    requires: [fileTransferCapability],
    requiredOptions: keepsOwners && paths.direction === 'out' ? ['files.owners'] : [],
  })
  const files = await opened.require(fileTransferCapability)
  const { id } = await findContainer(opened.scope.runtime, paths.container.name, { signal })
  const followLinks = options.followLink === true
  const copied = await copy(files, { id, paths, keepsOwners, followLinks, io, signal })
  if (copied === undefined) return 0
  if (options.json) await writeOutput(io.stdout, toJson({ from, to, ...copied }), { signal })
  else if (!options.quiet) await writeOutput(io.stderr, `Copied ${toSummary(copied)} to ${to}\n`, { signal })
  return 0
}

interface CopyCall extends OperationOptions {
  readonly id: string
  readonly paths: CopyOperands
  readonly keepsOwners: boolean
  readonly followLinks: boolean
  readonly io: Io
}

/** Resolves with `undefined` for a tar archive on stdin or stdout, of which nothing is counted. */
async function copy(files: FileTransfer, call: CopyCall): Promise<CopyResult | undefined> {
  const { id, paths, keepsOwners, followLinks, io, signal } = call
  const { direction, container, local } = paths
  if (local === undefined) {
    if (direction === 'in') await files.putArchive(id, container.path, io.stdin, { signal })
    else await writeArchive(files, container, call)
    return undefined
  }
  const owner = keepsOwners ? ({ owner: 'source' } as const) : {}
  const common = { followLinks, ...owner, signal }
  return direction === 'in'
    ? await copyIn(files, id, { ...common, from: local, to: `${container.path}${container.suffix}` })
    : await copyOut(files, id, { ...common, from: `${container.path}${container.suffix}`, to: local })
}

async function writeArchive(
  files: FileTransfer,
  { path }: ContainerOperand,
  { id, followLinks, io, signal }: CopyCall,
): Promise<void> {
  const target = followLinks ? (await files.statPath(id, path, { signal }))?.linkTarget : undefined
  const archive = await files.getArchive(id, target ?? path, { signal })
  await pipeline(archive, io.stdout, { end: false, ...(signal && { signal }) }).catch((error: unknown) => {
    signal?.throwIfAborted()
    throw error
  })
}

function toSummary({ entries, bytes }: CopyResult): string {
  return `${entries} ${entries === 1 ? 'entry' : 'entries'} (${prettyBytes(bytes)})`
}
