// What the bench adds for networks with loadable memories: it loads one image after the other while
// events go on, asks for swaps, and says which image each event must have been computed with. A
// model of the port's rules in its own words (docs/reference/handshakes.md, Loading). Part of
// bench.cpp.

struct Loader {
    struct Word {
        uint32_t address;
        uint64_t data;
    };

    Loader(const Options &o, Random &random_) : options(o), random(random_)
    {
        FILE *file = std::fopen(o.words.c_str(), "rb");
        if (!file) {
            std::fprintf(stderr, "bench: error: cannot read %s\n", o.words.c_str());
            std::exit(2);
        }
        unsigned char record[12];
        std::vector<Word> all;
        while (std::fread(record, sizeof record, 1, file) == 1) {
            Word word;
            std::memcpy(&word.address, record, 4);
            std::memcpy(&word.data, record + 4, 8);
            all.push_back(word);
        }
        std::fclose(file);
        size_t half = all.size() / 2;
        images[0].assign(all.begin(), all.begin() + static_cast<long>(half));
        images[1].assign(all.begin() + static_cast<long>(half), all.end());
    }

    bool is_loading = false; // else the port rests
    bool is_hasty = false;   // a word in every cycle in which one is taken
    long swaps = 0;
    bool may_start = true; // an event may be taken in this cycle; to be set before drive()

    // This cycle's inputs.
    void drive(Vnet &top)
    {
        bool is_ready = ready();
        valid = swap = false;
        Word word = {static_cast<uint32_t>(random.next()), random.next()};
        if (is_loading && is_ready && (is_hasty || random.next() % 3)) {
            const std::vector<Word> &image = images[1 - generation[bank]];
            if (sent < image.size()) {
                word = image[sent];
                valid = true;
            }
            // With the last word, or some time after it.
            bool is_last = sent + (valid ? 1 : 0) == image.size();
            swap = is_last && (is_hasty || random.next() % 4 == 0);
        } else if (is_loading && !is_ready) { // whatever is asked now is ignored
            valid = random.next() % 2;
            swap = random.next() % 2;
        }
        top.load_valid_i = valid;
        top.load_swap_i = swap;
        top.load_addr_i = static_cast<std::remove_reference<decltype(top.load_addr_i)>::type>(
            word.address & mask(options.address_bits));
        top.load_data_i = static_cast<std::remove_reference<decltype(top.load_data_i)>::type>(
            word.data & mask(options.data_bits));
    }
    bool ready() const { return !waits && drain == 0; }
    // The bank, and the image in it, of an event taken in this cycle.
    int bank_now() const { return waits && may_start ? 1 - bank : bank; }
    int image_now() const { return generation[bank_now()]; }
    // The edge at the end of the cycle.
    void rise(bool in_reset)
    {
        if (in_reset) {
            waits = false;
            drain = 0;
            sent = 0;
            return;
        }
        bool turns = waits && may_start, was_ready = ready();
        if (turns) {
            bank = 1 - bank;
            swaps++;
        }
        drain = turns ? options.latency : drain ? drain - 1 : 0;
        waits = waits ? !turns : swap && was_ready;
        if (valid && was_ready) sent++;
        if (swap && was_ready) {
            generation[1 - bank] = 1 - generation[bank];
            sent = 0;
        }
    }

  private:
    const Options &options;
    Random &random;
    std::vector<Word> images[2];
    int bank = 0, generation[2] = {0, 0};
    bool waits = false, valid = false, swap = false;
    long drain = 0;
    size_t sent = 0;

    static uint64_t mask(int bits) { return bits < 64 ? (UINT64_C(1) << bits) - 1 : ~UINT64_C(0); }
};
