/** What a monitor and those who attach to it send each other: td_frame of native/attach.h. */
export const FRAME = { stdout: 1, stderr: 2, exit: 3, input: 4, resize: 5, end: 6, full: 7 } as const;

const HEADER_BYTES = 8;
/** TD_FRAME_BYTES_MAX. */
const FRAME_BYTES_MAX = 64 << 10;

export interface Frame {
  readonly kind: number;
  readonly bytes: Buffer;
}

/** Input in as many frames as it needs. */
export function inputFrames(bytes: Buffer): Buffer {
  const frames: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += FRAME_BYTES_MAX)
    frames.push(frame(FRAME.input, bytes.subarray(at, at + FRAME_BYTES_MAX)));
  return Buffer.concat(frames);
}

export function resizeFrame(rows: number, columns: number): Buffer {
  const size = Buffer.alloc(4);
  size.writeUInt16LE(rows, 0);
  size.writeUInt16LE(columns, 2);
  return frame(FRAME.resize, size);
}

export function endFrame(): Buffer {
  return frame(FRAME.end, Buffer.alloc(0));
}

function frame(kind: number, bytes: Buffer): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32LE(kind, 0);
  header.writeUInt32LE(bytes.length, 4);
  return Buffer.concat([header, bytes]);
}

/** Returns a function that takes a stream's bytes in whatever pieces they come, and returns the frames that are whole. */
export function frameReader(): (chunk: Buffer) => Frame[] {
  let rest: Buffer = Buffer.alloc(0);
  return (chunk) => {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const frames: Frame[] = [];
    let at = 0;
    while (at + HEADER_BYTES <= bytes.length) {
      const end = at + HEADER_BYTES + bytes.readUInt32LE(at + 4);
      if (end > bytes.length) break;
      frames.push({ kind: bytes.readUInt32LE(at), bytes: bytes.subarray(at + HEADER_BYTES, end) });
      at = end;
    }
    rest = bytes.subarray(at);
    return frames;
  };
}
