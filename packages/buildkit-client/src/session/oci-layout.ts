import { createHash, randomUUID } from 'node:crypto'
import { type FileHandle, mkdir, open, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createHostError } from '@capstan/core/plugin'

/** The description of a blob in an index. */
export interface BlobDescriptor {
  readonly digest: string
  readonly annotations?: Readonly<Record<string, string>>
}

/**
 * A directory in OCI's image layout, as docker's client writes and reads local caches. Its methods reject with
 * OPERATION_FAILED when a file cannot be read or written.
 *
 * https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md
 */
export class OciLayout {
  readonly directory: string

  constructor(directory: string) {
    this.directory = directory
  }

  /** Resolves with the size of a blob; `undefined` if it is missing. */
  async findSize(digest: string): Promise<number | undefined> {
    return this.#run(reading, async () => (await ignoreMissing(stat(this.#blobPath(digest))))?.size)
  }

  /** Reads a part of a blob. The chunks are views of one buffer, which the next chunk overwrites. */
  async *read(
    digest: string,
    { offset, size }: { readonly offset: number; readonly size: number },
  ): AsyncIterable<Uint8Array> {
    const file = await this.#run(reading, () => open(this.#blobPath(digest)))
    try {
      const buffer = Buffer.allocUnsafeSlow(blockBytes)
      for (let at = 0; at < size; ) {
        const length = Math.min(blockBytes, size - at)
        const { bytesRead } = await this.#run(reading, () => file.read(buffer, { length, position: offset + at }))
        if (bytesRead === 0) return
        yield buffer.subarray(0, bytesRead)
        at += bytesRead
      }
    } finally {
      await file.close()
    }
  }

  /** Creates a blob, which exists after `commit`. The directory is created if it is missing. */
  async createBlob(): Promise<BlobWriter> {
    const path = join(this.directory, 'ingest', randomUUID())
    const file = await this.#run(writing, async () => {
      await mkdir(join(this.directory, 'ingest'), { recursive: true })
      await mkdir(join(this.directory, 'blobs', 'sha256'), { recursive: true })
      return open(path, 'wx')
    })
    return new BlobWriter(file, path, {
      run: (action) => this.#run(writing, action),
      toPath: (digest) => this.#blobPath(digest),
    })
  }

  /** Resolves with the digest of the manifest with a tag; `undefined` if there is none. */
  async findManifest(tag: string): Promise<string | undefined> {
    return (await this.#readIndex()).find(({ annotations }) => annotations?.[tagAnnotation] === tag)?.digest
  }

  /** Gives the tag to a manifest. Calls for one directory run one after the other, because each of them changes the index. */
  async putManifest(manifest: BlobDescriptor, tag: string): Promise<void> {
    const path = await this.#run(writing, () => realpath(this.directory))
    const result = (lastChanges.get(path) ?? Promise.resolve()).then(() => this.#changeIndex(manifest, tag))
    const change = result.catch(() => {})
    lastChanges.set(path, change)
    try {
      await result
    } finally {
      if (lastChanges.get(path) === change) lastChanges.delete(path)
    }
  }

  async #changeIndex(manifest: BlobDescriptor, tag: string): Promise<void> {
    const others = (await this.#readIndex()).filter(({ annotations }) => annotations?.[tagAnnotation] !== tag)
    const tagged = { ...manifest, annotations: { ...manifest.annotations, [tagAnnotation]: tag } }
    const index = { schemaVersion: 2, mediaType: indexType, manifests: [...others, tagged] }
    await this.#run(writing, async () => {
      await writeFile(join(this.directory, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }))
      const path = join(this.directory, `index.json.${randomUUID()}`)
      await writeFile(path, JSON.stringify(index))
      await rename(path, join(this.directory, 'index.json'))
    })
  }

  async #readIndex(): Promise<readonly BlobDescriptor[]> {
    return this.#run(reading, async () => {
      const text = await ignoreMissing(readFile(join(this.directory, 'index.json'), 'utf8'))
      const index: unknown = JSON.parse(text ?? '{}')
      const hasManifests = typeof index === 'object' && index !== null && 'manifests' in index
      return hasManifests && Array.isArray(index.manifests) ? index.manifests.filter(isDescriptor) : []
    })
  }

  #blobPath(digest: string): string {
    if (!isDigest(digest)) throw new Error(`${digest} is not a SHA-256 digest`)
    return join(this.directory, 'blobs', ...digest.split(':'))
  }

  async #run<T>(operation: string, action: () => Promise<T>): Promise<T> {
    try {
      return await action()
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause)
      const facts = { operation, subject: this.directory, status: undefined, reason }
      throw createHostError('OPERATION_FAILED', facts, { cause })
    }
  }
}

/** Writes one blob to a file that gets its final name at the end. */
export class BlobWriter {
  /** The number of bytes written. */
  size = 0
  readonly #file: FileHandle
  readonly #path: string
  readonly #layout: LayoutAccess
  readonly #hash = createHash('sha256')

  constructor(file: FileHandle, path: string, layout: LayoutAccess) {
    this.#file = file
    this.#path = path
    this.#layout = layout
  }

  /** The digest of the bytes written. */
  get digest(): string {
    return `sha256:${this.#hash.copy().digest('hex')}`
  }

  async write(data: Uint8Array): Promise<void> {
    this.#hash.update(data)
    await this.#layout.run(() => this.#file.writeFile(data))
    this.size += data.length
  }

  /** Creates the blob, or replaces an equal one. */
  async commit(): Promise<void> {
    await this.#layout.run(() => rename(this.#path, this.#layout.toPath(this.digest)))
  }

  /** Ends the writer. Removes the file of a blob that was not created. */
  async close(): Promise<void> {
    try {
      await this.#file.close()
    } finally {
      await rm(this.#path, { force: true })
    }
  }
}

/** Whether a text is a digest of the only algorithm that BuildKit uses. */
export function isDigest(text: string): boolean {
  return /^sha256:[0-9a-f]{64}$/.test(text)
}

/** Whether a value that was parsed from JSON describes a blob. */
export function isDescriptor(value: unknown): value is BlobDescriptor {
  return typeof value === 'object' && value !== null && 'digest' in value && typeof value.digest === 'string'
}

interface LayoutAccess {
  run<T>(action: () => Promise<T>): Promise<T>
  toPath(digest: string): string
}

async function ignoreMissing<T>(result: Promise<T>): Promise<T | undefined> {
  try {
    return await result
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

/** The last change of each index by the real path of its directory. */
const lastChanges = new Map<string, Promise<void>>()
const reading = 'reading the cache'
const writing = 'writing the cache'
const tagAnnotation = 'org.opencontainers.image.ref.name'
const indexType = 'application/vnd.oci.image.index.v1+json'
const blockBytes = 256 * 1024
