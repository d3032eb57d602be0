/** Puts still WebP pictures together to an animated one: RFC 9649. */

export type Frame = {
  x: number
  y: number
  width: number
  height: number
  /** A still picture. */
  webp: Buffer
  /** How long it is shown. */
  ms: number
}

const ALPHA = 0x10
const ANIMATED = 0x02
/** A frame is put onto what is there, without blending, and stays. */
const OVERWRITES = 0x02

function chunk(name: string, content: Buffer): Buffer {
  const head = Buffer.alloc(8)
  head.write(name, 'latin1')
  head.writeUInt32LE(content.length, 4)
  return Buffer.concat([head, content, Buffer.alloc(content.length % 2)])
}

/** The chunks of a still picture that hold its pixels. */
function pixels(webp: Buffer): Buffer {
  const kept: Buffer[] = []
  for (let at = 12; at + 8 <= webp.length; ) {
    const name = webp.toString('latin1', at, at + 4)
    const length = webp.readUInt32LE(at + 4)
    const end = at + 8 + length + (length % 2)
    if (['ALPH', 'VP8 ', 'VP8L'].includes(name)) kept.push(webp.subarray(at, end))
    at = end
  }
  if (kept.length === 0) throw new Error('no picture in it')
  return Buffer.concat(kept)
}

function frameChunk({ x, y, width, height, webp, ms }: Frame): Buffer {
  const head = Buffer.alloc(16)
  head.writeUIntLE(x / 2, 0, 3)
  head.writeUIntLE(y / 2, 3, 3)
  head.writeUIntLE(width - 1, 6, 3)
  head.writeUIntLE(height - 1, 9, 3)
  head.writeUIntLE(ms, 12, 3)
  head.writeUInt8(OVERWRITES, 15)
  return chunk('ANMF', Buffer.concat([head, pixels(webp)]))
}

/** Goes round for ever. */
export function animation(width: number, height: number, frames: Frame[]): Buffer {
  const extended = Buffer.alloc(10)
  extended.writeUInt8(ALPHA | ANIMATED, 0)
  extended.writeUIntLE(width - 1, 4, 3)
  extended.writeUIntLE(height - 1, 7, 3)
  const loop = Buffer.alloc(6)
  loop.writeUInt32LE(0xffffffff, 0)
  const content = Buffer.concat([
    Buffer.from('WEBP', 'latin1'),
    chunk('VP8X', extended),
    chunk('ANIM', loop),
    ...frames.map(frameChunk),
  ])
  return chunk('RIFF', content)
}
