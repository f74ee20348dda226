import { createHash } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { toOciImageConfig } from '@capstan/core/plugin'
import { pack } from 'tar-stream'
import type { ReadonlyFileMap } from '../../simulation/files/file-map.js'
import type { StoredImage } from '../state/stored-image.js'

/** An image to save, and the tags with which it is saved. */
export interface SavedImage {
  readonly image: StoredImage
  readonly tags: readonly string[]
}

/**
 * Creates a docker archive in which each image has one layer. It contains the key of the programs of an image, since functions
 * cannot be saved.
 */
export async function* saveImages(images: readonly SavedImage[]): AsyncGenerator<Uint8Array, void> {
  const members = new Map<string, Uint8Array>()
  const manifest: unknown[] = []
  for (const { image, tags } of images) {
    const layer = await packFiles(image.files)
    const config = Buffer.from(JSON.stringify(toConfigFile(image, layer)))
    const configName = `${digest(config)}.json`
    const layerName = `${digest(layer)}/layer.tar`
    members.set(layerName, layer).set(configName, config)
    manifest.push({ Config: configName, RepoTags: tags.length === 0 ? null : tags, Layers: [layerName] })
  }
  const archive = pack()
  for (const [name, bytes] of members) archive.entry({ name }, Buffer.from(bytes))
  archive.entry({ name: 'manifest.json' }, JSON.stringify(manifest))
  archive.finalize()
  // The type declarations of tar-stream do not say that the chunks are bytes.
  for await (const block of archive as AsyncIterable<Uint8Array>) yield block
}

/** Creates the image configuration as specified in github.com/moby/docker-image-spec. */
function toConfigFile({ config, createdAt, programs, history, author }: StoredImage, layer: Uint8Array): unknown {
  const created = createdAt.toISOString()
  // The archive has one layer, which belongs to the last step.
  const steps = history.map((step, index) => ({
    created: (step.createdAt ?? createdAt).toISOString(),
    created_by: step.createdBy,
    ...(step.comment !== '' && { comment: step.comment }),
    ...(index < history.length - 1 && { empty_layer: true }),
  }))
  return {
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
    created,
    ...(author !== undefined && { author }),
    config: toOciImageConfig(config),
    rootfs: { type: 'layers', diff_ids: [`sha256:${digest(layer)}`] },
    history: steps.length === 0 ? [{ created }] : steps,
    [simulationKey]: { programs: programs.key },
  }
}

async function packFiles(files: ReadonlyFileMap): Promise<Uint8Array> {
  const layer = pack()
  for (const path of [...files.keys()].sort()) {
    const entry = files.get(path)
    const name = path.slice(1)
    if (entry?.type === 'file') layer.entry({ name, mode: entry.mode, mtime: epoch }, Buffer.from(entry.bytes))
    if (entry?.type === 'directory')
      layer.entry({ name: `${name}/`, type: 'directory', mode: entry.mode, mtime: epoch })
    if (entry?.type === 'symlink') layer.entry({ name, type: 'symlink', linkname: entry.target, mtime: epoch })
  }
  layer.finalize()
  return await buffer(layer as AsyncIterable<Uint8Array>)
}

function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** The key in an archived image configuration that names the programs of the image. */
export const simulationKey = 'capstan.simulation'
const epoch = new Date(0)
