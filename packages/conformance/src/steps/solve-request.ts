import { createHash } from 'node:crypto'

/**
 * Encodes the request to build an image with one file, whose text is `ref`, and to store it in the runtime by the exporter `moby`.
 *
 * https://github.com/moby/buildkit/blob/v0.32.2/api/services/control/control.proto
 * https://github.com/moby/buildkit/blob/v0.32.2/solver/pb/ops.proto
 */
export function encodeSolveRequest({ ref, tag }: { readonly ref: string; readonly tag: string }): Buffer {
  const file = encode([1, '/file'], [2, 0o644], [3, ref], [5, none])
  const action = encode([1, none], [2, none], [5, file])
  const operation = encode([4, encode([2, action])])
  const digest = `sha256:${createHash('sha256').update(operation).digest('hex')}`
  const definition = encode([1, operation], [1, encode([1, encode([1, digest])])])
  const name = encode([1, 'name'], [2, tag])
  const exporter = encode([1, 'moby'], [2, name])
  // BuildKit before v0.13 reads only the fields 3 and 4.
  return encode([1, ref], [2, definition], [3, 'moby'], [4, name], [13, exporter])
}

/** Encodes a message of Protocol Buffers: https://protobuf.dev/programming-guides/encoding/ */
function encode(...fields: readonly (readonly [number, string | Buffer | number])[]): Buffer {
  return Buffer.concat(
    fields.flatMap(([field, value]) => {
      if (typeof value === 'number') return [toVarint(field * 8), value === none ? minusOne : toVarint(value)]
      const bytes = Buffer.from(value)
      return [toVarint(field * 8 + 2), toVarint(bytes.length), bytes]
    }),
  )
}

function toVarint(value: number): Buffer {
  return value < 0x80
    ? Buffer.from([value])
    : Buffer.concat([Buffer.from([(value % 0x80) + 0x80]), toVarint(Math.floor(value / 0x80))])
}

/** -1 means no input, and a time that is not set. */
const none = -1
const minusOne = Buffer.from('ffffffffffffffffff01', 'hex')
