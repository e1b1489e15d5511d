import type { Readable, Transform } from 'stream';
import { createBrotliDecompress, createGunzip, crc32 } from 'zlib';

/** What shows whether bytes are those of a file. */
export interface Measured {
  readonly size: number;
  readonly crc32: number;
}

/** A body as sent and as decoded, each measured up to a limit beyond which it cannot match. */
export interface Content {
  readonly sent: Measured;
  /** `undefined` if it cannot be decoded. */
  readonly decoded?: Measured;
}

/** The compressed form of a few bytes is longer than the bytes themselves. */
const ENCODING_OVERHEAD = 4 * 1024;

/**
 * Measures a body without keeping it.
 *
 * @param maxBytes a longer body is not read to its end
 */
export async function measure(body: Readable, encoding: string | undefined, maxBytes: number): Promise<Content> {
  const [sent, decoded] = [new Measure(maxBytes + ENCODING_OVERHEAD), new Measure(maxBytes)];
  const decoder = decoderOf(encoding);
  if (decoder === undefined) {
    const isKnown = encoding === undefined || encoding.toLowerCase() === 'identity';
    for await (const chunk of body) {
      sent.add(chunk as Buffer);
      if (sent.isFull) {
        break;
      }
    }
    return { sent: sent.measured, decoded: isKnown ? sent.measured : undefined };
  }
  const decoding = decode(decoder, decoded);
  try {
    for await (const chunk of body) {
      sent.add(chunk as Buffer);
      if (sent.isFull) {
        break;
      }
      // A body that decodes to too much may still match as sent: the file itself may be compressed.
      await decoding.write(chunk as Buffer);
    }
    const isDecoded = await decoding.end();
    return { sent: sent.measured, decoded: isDecoded || decoded.isFull ? decoded.measured : undefined };
  } finally {
    decoder.destroy();
  }
}

/** The size and checksum of bytes, up to one byte beyond a limit. */
class Measure {
  private size = 0;
  private checksum = 0;

  constructor(private readonly maxBytes: number) {}

  add(chunk: Buffer): void {
    const counted = chunk.subarray(0, this.maxBytes + 1 - this.size);
    this.size += counted.length;
    this.checksum = crc32(counted, this.checksum);
  }

  get isFull(): boolean {
    return this.size > this.maxBytes;
  }

  get measured(): Measured {
    return { size: this.size, crc32: this.checksum };
  }
}

function decoderOf(encoding: string | undefined): Transform | undefined {
  switch (encoding?.toLowerCase()) {
    case 'gzip':
    case 'x-gzip':
      return createGunzip();
    case 'br':
      return createBrotliDecompress();
    default:
      return undefined;
  }
}

interface Decoding {
  /** Resolves when the decoder has taken the chunk, or no longer takes any. */
  write(chunk: Buffer): Promise<void>;
  /** @returns whether the whole body could be decoded */
  end(): Promise<boolean>;
}

function decode(decoder: Transform, decoded: Measure): Decoding {
  const closed = new Promise<void>(resolve => decoder.once('close', resolve));
  const ended = new Promise<boolean>(resolve => {
    decoder.once('end', () => resolve(true));
    decoder.once('error', () => resolve(false));
    decoder.once('close', () => resolve(false));
  });
  decoder.on('data', (chunk: Buffer) => {
    decoded.add(chunk);
    if (decoded.isFull) {
      decoder.destroy();
    }
  });
  return {
    write: async chunk => {
      if (!decoder.destroyed) {
        await Promise.race([closed, new Promise<void>(resolve => decoder.write(chunk, () => resolve()))]);
      }
    },
    end: () => {
      decoder.end();
      return ended;
    },
  };
}
