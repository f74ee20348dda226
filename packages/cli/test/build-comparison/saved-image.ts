import { createHash } from 'node:crypto'
import { request } from 'node:http'
import { posix } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { gunzipSync } from 'node:zlib'
import { extract, type Header } from 'tar-stream'

/** The configuration and the files of an image. */
export interface SavedImage {
  /** The JSON document to which the image's configuration refers. */
  readonly config: unknown
  /** The number of layers. */
  readonly layers: number
  /** By absolute path. */
  readonly files: ReadonlyMap<string, ImageFile>
}

/** One entry of an image's file system. Texts, so that a difference can be printed. */
export interface ImageFile {
  readonly type: string
  /** Octal. */
  readonly mode: string
  /** `UID:GID`. */
  readonly owner: string
  /** The SHA-256 of a regular file. */
  readonly digest: string | undefined
  readonly size: number
  /** The target of a symbolic link. */
  readonly target: string | undefined
  /** Seconds since 1970. */
  readonly modified: number
  readonly attributes: Readonly<Record<string, string>>
}

/** Reads an image of an engine from the archive of `docker save`. */
export async function saveImage(socketPath: string, name: string): Promise<SavedImage> {
  const archive = await new Promise<Buffer>((resolve, reject) => {
    const sent = request({ socketPath, path: `/images/${name}/get`, agent: false }, (response) => {
      const isFound = response.statusCode === 200
      buffer(response).then((body) => (isFound ? resolve(body) : reject(new Error(body.toString()))), reject)
    })
    sent.on('error', reject).end()
  })
  return readSavedImage(archive)
}

/** Reads the first image of an archive of `docker save`. */
export async function readSavedImage(archive: Buffer): Promise<SavedImage> {
  const blobs = new Map<string, Buffer>()
  await readArchive(archive, ({ name }, content) => void blobs.set(name, content))
  const [image] = readJson<readonly [SavedManifest]>(blobs, 'manifest.json')
  const files = new Map<string, ImageFile>()
  for (const path of image.Layers) await applyLayer(files, require(blobs, path))
  return { config: readJson(blobs, image.Config), layers: image.Layers.length, files }
}

/**
 * Returns the sets of paths that are one file: hard links. Each set is sorted and has at least two paths.
 */
export function listHardLinks({ files }: SavedImage): readonly (readonly string[])[] {
  const paths = new Map<ImageFile, string[]>()
  for (const [path, file] of files) paths.set(file, [...(paths.get(file) ?? []), path])
  return [...paths.values()].filter(({ length }) => length > 1).map((group) => group.sort())
}

interface SavedManifest {
  readonly Config: string
  readonly Layers: readonly string[]
}

/** Adds the entries of a layer to the files of the layers below, and removes what its whiteouts name. */
async function applyLayer(files: Map<string, ImageFile>, layer: Buffer): Promise<void> {
  const added = new Set<string>()
  const below = [...files.keys()]
  const removeTree = (path: string) => {
    for (const each of below) {
      if (each.startsWith(path === '/' ? path : `${path}/`) && !added.has(each)) files.delete(each)
    }
  }
  const remove = (path: string) => {
    removeTree(path)
    if (!added.has(path)) files.delete(path)
  }
  await readArchive(isGzip(layer) ? gunzipSync(layer) : layer, (header, content) => {
    const path = posix.join('/', header.name).replace(/(.)\/$/, '$1')
    const { dir, base } = posix.parse(path)
    if (base === '.wh..wh..opq') return removeTree(dir)
    if (base.startsWith('.wh.')) return remove(posix.join(dir, base.slice('.wh.'.length)))
    const old = files.get(path)
    if (old?.type === 'directory' && header.type !== 'directory') removeTree(path)
    added.add(path)
    files.set(path, header.type === 'link' ? findLinked(files, header) : toImageFile(header, content))
  })
}

/** Returns the file of a hard link: the same object as that of its other paths. */
function findLinked(files: ReadonlyMap<string, ImageFile>, { name, linkname }: Header): ImageFile {
  const file = files.get(posix.join('/', linkname))
  if (file === undefined)
    throw new Error(`${name} is a hard link to ${linkname}, which the layer does not contain before it`)
  return file
}

function toImageFile({ type, mode, uid, gid, size, linkname, mtime, pax }: Header, content: Buffer): ImageFile {
  const records = typeof pax === 'object' && pax !== null ? Object.entries(pax) : []
  const attributes = records.filter(([key]) => key.startsWith('SCHILY.xattr.'))
  const [, exactTime = mtime.getTime() / 1000] = records.find(([key]) => key === 'mtime') ?? []
  return {
    type,
    mode: mode.toString(8),
    owner: `${uid}:${gid}`,
    digest: type === 'file' ? createHash('sha256').update(content).digest('hex') : undefined,
    size,
    target: type === 'symlink' ? linkname : undefined,
    modified: Number(exactTime),
    attributes: Object.fromEntries(attributes),
  }
}

async function readArchive(bytes: Buffer, onEntry: (header: Header, content: Buffer) => void): Promise<void> {
  const archive = extract()
  Readable.from([bytes]).pipe(archive)
  for await (const entry of archive) onEntry(entry.header, await buffer(entry))
}

function isGzip(bytes: Buffer): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b
}

/** Reads a JSON document of the archive. The engine wrote it, so its type is not checked. */
function readJson<T>(blobs: ReadonlyMap<string, Buffer>, path: string): T {
  return JSON.parse(require(blobs, path).toString())
}

function require(blobs: ReadonlyMap<string, Buffer>, path: string): Buffer {
  const blob = blobs.get(path)
  if (blob === undefined) throw new Error(`the archive of the image has no ${path}`)
  return blob
}
