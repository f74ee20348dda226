import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { Code, ConnectError } from '@connectrpc/connect'
import {
  Content,
  ReadContentRequestSchema,
  ReadContentResponseSchema,
  type WriteContentRequest,
  WriteContentRequestSchema,
  WriteContentResponseSchema,
} from '../generated/content_pb.js'
import { createUnaryHandler, type GrpcCall, type GrpcHandler, type GrpcMethod } from './grpc-server.js'
import type { BlobWriter, OciLayout } from './oci-layout.js'

/** Directories of local caches by the ids of their stores, such as `local:/path`. */
export type ContentStores = Readonly<Record<string, OciLayout>>

/** The handlers of containerd's content service. BuildKit uses no other calls of it. */
export function createContentHandlers(stores: ContentStores): readonly (readonly [GrpcMethod, GrpcHandler])[] {
  return [
    [
      Content.method.info,
      createUnaryHandler(Content.method.info, async ({ digest }, call) => ({
        info: { digest, size: BigInt(await requireSize(findStore(stores, call), digest)) },
      })),
    ],
    [Content.method.read, (call) => read(findStore(stores, call), call)],
    [Content.method.write, (call) => write(findStore(stores, call), call)],
  ]
}

function findStore(stores: ContentStores, call: GrpcCall): OciLayout {
  const [id = ''] = call.header('buildkit-attachable-store-id')
  const store = Object.hasOwn(stores, id) ? stores[id] : undefined
  if (store === undefined) throw new ConnectError(`the store ${id} is not provided`, Code.NotFound)
  return store
}

async function requireSize(store: OciLayout, digest: string): Promise<number> {
  const size = await store.findSize(digest)
  if (size === undefined) throw new ConnectError(`the blob ${digest} is not in ${store.directory}`, Code.NotFound)
  return size
}

async function read(store: OciLayout, call: GrpcCall): Promise<void> {
  for await (const message of call.messages) {
    const { digest, offset, size } = fromBinary(ReadContentRequestSchema, message)
    const rest = (await requireSize(store, digest)) - Number(offset)
    const part = { offset: Number(offset), size: size > 0n ? Math.min(Number(size), rest) : rest }
    let at = 0
    for await (const data of store.read(digest, part)) {
      const response = create(ReadContentResponseSchema, { offset: BigInt(at), data })
      await call.send(toBinary(ReadContentResponseSchema, response))
      at += data.length
    }
    return
  }
}

/**
 * Writes one blob. BuildKit sends STAT first, then WRITE with the next bytes, and COMMIT at the end. Each of them is answered.
 * ALREADY_EXISTS means that the blob is not needed. A blob whose call ends without COMMIT is discarded.
 */
async function write(store: OciLayout, call: GrpcCall): Promise<void> {
  const blob = await store.createBlob()
  try {
    for await (const message of call.messages) {
      const request = fromBinary(WriteContentRequestSchema, message)
      const { action, total, expected, data } = request
      if (expected !== '' && (await store.findSize(expected)) !== undefined)
        throw new ConnectError(`the blob ${expected} exists`, Code.AlreadyExists)
      if (data.length > 0 && Number(request.offset) !== blob.size)
        throw new ConnectError(`the next byte is ${blob.size}, not ${request.offset}`, Code.OutOfRange)
      if (data.length > 0) await blob.write(data)
      if (action === commitAction) await commit(blob, request)
      const digest = action === commitAction ? blob.digest : ''
      const response = { action, total, offset: BigInt(blob.size), digest }
      await call.send(toBinary(WriteContentResponseSchema, create(WriteContentResponseSchema, response)))
      if (action === commitAction) return
    }
  } finally {
    await blob.close()
  }
}

async function commit(blob: BlobWriter, { total, expected }: WriteContentRequest): Promise<void> {
  if (total > 0n && Number(total) !== blob.size)
    throw new ConnectError(`the blob has ${blob.size} bytes, not ${total}`, Code.FailedPrecondition)
  if (expected !== '' && expected !== blob.digest)
    throw new ConnectError(`the blob is ${blob.digest}, not ${expected}`, Code.FailedPrecondition)
  await blob.commit()
}

const commitAction = 2
