import { createHash } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { pack } from 'tar-stream'
import type { ReadonlyFileMap } from '../../simulation/files/file-map.js'
import type { StoredImage } from '../state/stored-image.js'

/** Creates a docker archive with one layer. It contains the key of the image's programs: functions cannot be saved. */
export async function* saveImage(image: StoredImage, tags: readonly string[]): AsyncGenerator<Uint8Array, void> {
  const layer = await packFiles(image.files)
  const config = Buffer.from(JSON.stringify(toConfigFile(image, layer)))
  const configName = `${digest(config)}.json`
  const layerName = `${digest(layer)}/layer.tar`
  const manifest = [{ Config: configName, RepoTags: tags.length === 0 ? null : tags, Layers: [layerName] }]
  const archive = pack()
  archive.entry({ name: layerName }, layer)
  archive.entry({ name: configName }, config)
  archive.entry({ name: 'manifest.json' }, JSON.stringify(manifest))
  archive.finalize()
  // The type declarations of tar-stream do not say that the chunks are bytes.
  for await (const block of archive as AsyncIterable<Uint8Array>) yield block
}

/** Creates the image configuration as specified in github.com/moby/docker-image-spec. */
function toConfigFile({ config, createdAt, programs }: StoredImage, layer: Uint8Array): unknown {
  return {
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
    created: createdAt.toISOString(),
    config: {
      Env: Object.entries(config.env).map(([name, value]) => `${name}=${value}`),
      User: config.user,
      WorkingDir: config.workingDirectory,
      Entrypoint: config.entrypoint,
      Cmd: config.command,
      Labels: config.labels,
    },
    rootfs: { type: 'layers', diff_ids: [`sha256:${digest(layer)}`] },
    history: [{ created: createdAt.toISOString(), created_by: 'capstan runtime-memory' }],
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
