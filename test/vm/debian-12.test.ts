import { boot } from "./boot.ts";
import { guestOf } from "./guest.ts";
import { limits } from "./limits.ts";
import { networks } from "./networks.ts";

const guest = guestOf("bookworm");
networks(guest);
limits(guest);
boot(guest);
